"""The memory over HTTP: a JSON API with an OpenAPI description, and the inspector, a site to look at and correct it.

Extra `inspect`. `create_app` returns a Starlette application (made with FastAPI): serve it, mount it in yours, or name
it as `http.app` in `langgraph.json`.
"""

from langgraph_memory.errors import MissingExtraError

try:
    from langgraph_memory.http.app import create_app
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] not in ("fastapi", "starlette", "jinja2", "python_multipart"):
        raise
    raise MissingExtraError.of("the inspector needs FastAPI and Jinja", "inspect") from error

__all__ = ["create_app"]
