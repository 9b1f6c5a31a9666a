"""Curated memories as the files of a deep agent, fresh in every run; needs the extra `deepagents`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, Generic, NotRequired, ParamSpec, TypeVar, cast

from deepagents.backends.protocol import (
    BackendProtocol,
    DeleteResult,
    EditResult,
    FileDownloadResponse,
    FileInfo,
    FileUploadResponse,
    GlobResult,
    GrepResult,
    LsResult,
    ReadResult,
    WriteResult,
)
from deepagents.backends.utils import create_file_data, slice_read_response
from deepagents.middleware.memory import MemoryMiddleware
from langchain.agents.middleware.types import (
    AgentState,
    ContextT,
    ModelRequest,
    ModelResponse,
    PrivateStateAttr,
    ResponseT,
)
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import merge_configs
from langgraph.channels.untracked_value import UntrackedValue
from langgraph.config import get_config
from langgraph.runtime import Runtime, get_runtime
from wcmatch import glob as globbing

from langgraph_memory import CuratedStore, Source
from langgraph_memory.effects.effect import Caller, Effects, call, either
from langgraph_memory.effects.twins import runs_effects, twin_of
from langgraph_memory.errors import DatabaseError, InvalidInputError, LangGraphMemoryError, MissingOwnerError
from langgraph_memory.files import MemoryFiles
from langgraph_memory.nodes import Identity, IdentityResolver, resolve_identity, source_of, switches_of
from langgraph_memory.types import MemorySwitches

P = ParamSpec("P")
T = TypeVar("T")
_GLOB = globbing.BRACE | globbing.GLOBSTAR | globbing.MATCHBASE


def _answered(result: Callable[..., T]) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let a method answer what the model did wrong as well."""

    def decorate(method: Callable[P, T]) -> Callable[P, T]:
        @wraps(method)
        def answered(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return method(*args, **kwargs)
            except (DatabaseError, MissingOwnerError):
                raise
            except LangGraphMemoryError as error:
                return result(error=f"Error: {error}")

        return answered

    return decorate


class CuratedBackend(BackendProtocol):
    """Shows the memories of the run's owner and scope as files (`MemoryFiles`) below `root`, to `create_deep_agent`.

    Owner and scope are the run's, as for the nodes, and the store is the agent's unless one is passed; or both are
    bound with `owner_id` and `scope`. Behind a `CompositeBackend` that routes "/memories/" to it, `root` is "/". Pass
    `FreshMemoryMiddleware` too, or a thread goes on with what its first run read.
    """

    def __init__(
        self,
        store: CuratedStore | None = None,
        *,
        owner_id: str | None = None,
        scope: str = "global",
        identity: IdentityResolver | None = None,
        root: str = "/memories",
        max_tokens: int = 2_000,
        read_only: bool = False,
    ) -> None:
        self._store = store
        self._bound = None if owner_id is None else Identity(owner_id, scope)
        self._identity = identity or resolve_identity
        self._how: dict[str, Any] = {"root": root, "max_tokens": max_tokens, "read_only": read_only}

    @_answered(LsResult)
    def ls(self, path: str) -> LsResult:
        """List the files in a folder."""
        return LsResult(entries=_entries(self._files(), path))

    @_answered(ReadResult)
    def read(self, file_path: str, offset: int = 0, limit: int = 2000) -> ReadResult:
        """Read a window of a file's lines."""
        files = self._files()
        return slice_read_response(create_file_data(files.read(files.name_of(file_path))), offset, limit)

    @_answered(WriteResult)
    def write(self, file_path: str, content: str) -> WriteResult:
        """Write a file; what that changes is changed in the memories."""
        files = self._files()
        files.write(files.name_of(file_path), content)
        return WriteResult(path=file_path)

    @_answered(EditResult)
    def edit(self, file_path: str, old_string: str, new_string: str, replace_all: bool = False) -> EditResult:
        """Replace a text in a file."""
        files = self._files()
        count = files.replace(files.name_of(file_path), old_string, new_string, everywhere=replace_all)
        return EditResult(path=file_path, occurrences=count)

    @_answered(DeleteResult)
    def delete(self, file_path: str) -> DeleteResult:
        """Forget a file, or those in a folder."""
        files = self._files()
        files.delete(files.name_of(file_path))
        return DeleteResult(path=file_path)

    @_answered(GrepResult)
    def grep(
        self, pattern: str, path: str | None = None, glob: str | None = None, *, max_count: int | None = None
    ) -> GrepResult:
        """Find the lines that hold a text."""
        files = self._files()
        found = [
            {"path": files.path_of(name), "line": number, "text": line}
            for name in _below(files, path, glob)
            for number, line in enumerate(files.read(name).split("\n"), 1)
            if pattern in line
        ]
        cut = max_count is not None and len(found) > max_count
        return GrepResult(matches=found[:max_count] if cut else found, truncated=cut)  # type: ignore[arg-type]

    @_answered(GlobResult)
    def glob(self, pattern: str, path: str | None = None) -> GlobResult:
        """Find files by a pattern of their names."""
        files = self._files()
        return GlobResult(matches=[FileInfo(path=files.path_of(name)) for name in _below(files, path, pattern)])

    def download_files(self, paths: list[str]) -> list[FileDownloadResponse]:
        """Return the contents of files; what there is not, is not found."""
        files = self._files()
        return [_downloaded(files, path) for path in paths]

    def upload_files(self, files: list[tuple[str, bytes]]) -> list[FileUploadResponse]:
        """Write files."""
        return [FileUploadResponse(path=path, error=self._uploaded(path, content)) for path, content in files]

    def _uploaded(self, path: str, content: bytes) -> str | None:
        try:
            return self.write(path, content.decode()).error
        except UnicodeDecodeError:
            return f"{path} is no text, and only text is remembered."

    def _files(self) -> MemoryFiles:
        if self._bound is not None and self._store is not None:
            return self._allowed(
                self._store, self._bound, self._store.admin.owner_memory(owner_id=self._bound.owner_id)
            )
        runtime, config = get_runtime(), get_config()
        store = self._store if self._store is not None else runtime.store
        if not isinstance(store, CuratedStore):
            raise InvalidInputError("CuratedBackend needs a CuratedStore; pass it, or store=memory.store to the agent.")
        thread_id = None if runtime.execution_info is None else runtime.execution_info.thread_id
        who = self._bound or self._owner(store, runtime, config, thread_id)
        allowed = switches_of(runtime, config)
        if thread_id is None:
            of_owner = store.admin.owner_memory(owner_id=who.owner_id)
        else:
            of_owner = store.admin.thread_memory(thread_id, owner_id=who.owner_id)
        return self._allowed(store, who, allowed.and_also(of_owner), source_of(runtime, config))

    def _owner(
        self, store: CuratedStore, runtime: Runtime[Any], config: RunnableConfig, thread_id: str | None
    ) -> Identity:
        """Return whose files a run sees; one that is resumed and names nobody is its thread's only owner's."""
        try:
            return self._identity(runtime, config)
        except MissingOwnerError:
            owner_id = None if thread_id is None else store.authors.resumed(thread_id, None)
            if owner_id is None:
                raise
        configurable = {**config.get("configurable", {}), "owner_id": owner_id}
        return self._identity(runtime, merge_configs(config, {"configurable": configurable}))

    def _allowed(
        self, store: CuratedStore, who: Identity, allowed: MemorySwitches, source: Source | None = None
    ) -> MemoryFiles:
        how = {**self._how, "hidden": not allowed.recall, "source": source}
        how["read_only"] = how["read_only"] or not allowed.learn
        return MemoryFiles(store, owner_id=who.owner_id, scope=who.scope, **how)


class FreshMemoryState(AgentState[Any]):
    """The state of deepagents' own memory middleware, in no checkpoint."""

    memory_contents: NotRequired[Annotated[dict[str, str], UntrackedValue, PrivateStateAttr]]


class FreshMemoryMiddleware(MemoryMiddleware[ContextT, ResponseT], Generic[ContextT, ResponseT]):
    """deepagents' memory middleware, which it takes the place of by its name, reading its sources anew in every run.

    deepagents' own keeps what a thread's first run has read in the checkpoints: later runs see nothing that was learnt
    since, and what was forgotten stays in them.
    """

    state_schema = FreshMemoryState
    _runner = Caller()

    @property
    def name(self) -> str:
        """The name of what it replaces."""
        return "MemoryMiddleware"

    @runs_effects
    def wrap_model_call(
        self, request: ModelRequest[ContextT], handler: Callable[[ModelRequest[ContextT]], Any]
    ) -> Effects[ModelResponse[ResponseT]]:
        """Show the model what its sources hold; a run that was resumed reads them now."""
        state, runtime = cast(Any, request.state), cast(Any, request.runtime)
        read = yield from either(self.before_agent, state, runtime, get_config())
        plain, in_loop = super().wrap_model_call, cast(Any, super().awrap_model_call)
        return (yield from call(plain, in_loop, _with(request, read), handler))

    awrap_model_call = twin_of(wrap_model_call)


def _with(request: ModelRequest[ContextT], read: Any) -> ModelRequest[ContextT]:
    return request if read is None else request.override(state={**request.state, **read})


def _downloaded(files: MemoryFiles, path: str) -> FileDownloadResponse:
    try:
        name = files.name_of(path)
    except InvalidInputError:
        return FileDownloadResponse(path=path, error="invalid_path")
    if not files.holds(name):
        return FileDownloadResponse(path=path, error="is_directory" if files.names(name) else "file_not_found")
    return FileDownloadResponse(path=path, content=files.read(name).encode())


def _entries(files: MemoryFiles, path: str) -> list[FileInfo]:
    """Return the files and folders that lie in a folder."""
    folder = "" if path == "/" else files.name_of(path)
    inside = [name.removeprefix(f"{folder}/" if folder else "") for name in files.names(folder)]
    start = f"{folder}/" if folder else ""
    found = {name.split("/")[0]: "/" in name for name in inside}
    return [FileInfo(path=files.path_of(f"{start}{name}"), is_dir=is_dir) for name, is_dir in found.items()]


def _below(files: MemoryFiles, path: str | None, pattern: str | None) -> list[str]:
    """Return the names of the files at or in a path that match a pattern."""
    folder = "" if path in (None, "", "/", ".") else files.name_of(str(path))
    names = [folder] if files.holds(folder) else files.names(folder)
    if pattern is None:
        return names
    if ".." in pattern.split("/"):
        raise InvalidInputError(f"pattern {pattern[:80]!r} leaves the folder.")
    try:
        return [name for name in names if globbing.globmatch(name, pattern.lstrip("/"), flags=_GLOB)]
    except Exception:
        raise InvalidInputError(f"pattern {pattern[:80]!r} cannot be read.") from None
