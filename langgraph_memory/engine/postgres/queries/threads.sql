-- name: date_thread
-- Note when a checkpoint of a thread is stored; it comes before everything else that is stored with it.
INSERT INTO thread (thread_id, created_at, updated_at) VALUES (:thread_id, :now, :now)
ON CONFLICT (thread_id) DO UPDATE SET
    created_at = coalesce(thread.created_at, excluded.created_at),
    updated_at = greatest(thread.updated_at + 1, excluded.updated_at)

-- name: store_checkpoint
-- Store one checkpoint with all that is new in it, unless it is built on what is not there.
SELECT thread_put(
    :thread_id::text, :checkpoint_ns::text, :checkpoint_id::text, :parent_checkpoint_id::text, :run_id::text,
    :owner_id::text, :channel_versions::json, :replayed_channels::text, :type::text, :body::bytea, :now::bigint,
    :kept::text[], :kept_versions::text[], :bases::text[], :base_versions::text[], :base_runs::bytea[],
    :base_tails::bigint[], :base_ends::bigint[], :addresses::bigint[], :counts::bigint[], :chunk_types::text[],
    :chunks::bytea[], :shared_channels::text[], :shared_types::text[], :shared_values::bytea[], :shared_as::text[],
    :shared_runs::bytea[], :channels::text[], :versions::text[], :kinds::text[], :types::text[], :values::bytea[],
    :messages::text[], :said_by::text
) AS stored

-- name: store_writes
-- Store some pending writes.
SELECT thread_put_writes(
    :thread_id::text, :checkpoint_ns::text, :checkpoint_id::text, :stored::boolean, :begins::boolean, :mark::text,
    :tasks::text[], :places::bigint[], :paths::text[], :channels::text[], :types::text[], :values::bytea[]
) AS stored

-- name: put_checkpoint
-- Store one checkpoint; the same id again replaces it.
INSERT INTO thread_checkpoint (
    thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, run_id, channel_versions, replayed_channels,
    type, body, stored_at
) VALUES (
    :thread_id, :checkpoint_ns, :checkpoint_id, :parent_checkpoint_id, :run_id, :channel_versions::json,
    :replayed_channels, :type, :body, (SELECT updated_at FROM thread WHERE thread_id = :thread_id)
) ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id) DO UPDATE SET
    parent_checkpoint_id = excluded.parent_checkpoint_id, run_id = excluded.run_id,
    channel_versions = excluded.channel_versions, replayed_channels = excluded.replayed_channels, type = excluded.type,
    body = excluded.body

-- name: put_channel
-- Store one version of one channel.
INSERT INTO thread_channel (thread_id, checkpoint_ns, channel, version, kind, type, value)
VALUES (:thread_id, :checkpoint_ns, :channel, :version, :kind, :type, :value)
ON CONFLICT (thread_id, checkpoint_ns, channel, version) DO UPDATE SET
    kind = excluded.kind, type = excluded.type, value = excluded.value

-- name: put_chunk
-- Store elements that were serialised together.
INSERT INTO thread_chunk (thread_id, address, count, type, value) VALUES (:thread_id, :address, :count, :type, :value)

-- name: put_write
-- Store one pending write; an ordinary write that is there already stays as it is.
-- Where the checkpoint was stored before and is not there any more, nothing is stored.
INSERT INTO thread_write (
    thread_id, checkpoint_ns, checkpoint_id, task_id, idx, task_path, channel, type, value
) SELECT :thread_id, :checkpoint_ns, :checkpoint_id, :task_id, :idx, :task_path, :channel, :type, :value
FROM thread AS t WHERE t.thread_id = :thread_id AND (:stored = 0 OR EXISTS (
    SELECT 1 FROM thread_checkpoint AS p
    WHERE p.thread_id = :thread_id AND p.checkpoint_ns = :checkpoint_ns AND p.checkpoint_id = :checkpoint_id))
ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id, task_id, idx) DO UPDATE SET
    task_path = excluded.task_path, channel = excluded.channel, type = excluded.type, value = excluded.value
    WHERE excluded.idx < 0

-- name: share_write
-- Let a pending write that has become elements of a list name them in place of a copy.
UPDATE thread_write SET type = :shared, value = :runs
WHERE thread_id = :thread_id AND checkpoint_ns = :checkpoint_ns AND checkpoint_id = :checkpoint_id
  AND channel = :channel AND type = :type AND value = :value

-- name: chunk_stretch
-- Where the chunks of a stretch of addresses are.
SELECT address, count FROM thread_chunk
WHERE thread_id = :thread_id AND address >= :first AND address < :end ORDER BY address

-- name: delete_chunk_stretch
-- Remove the chunks of a stretch of addresses.
DELETE FROM thread_chunk WHERE thread_id = :thread_id AND address >= :first AND address < :end

-- name: checkpoint
-- One checkpoint by its id, or the newest of its namespace, with all that it is made of.
SELECT * FROM thread_parts(:thread_id, :checkpoint_ns, coalesce(:checkpoint_id::text, (
    SELECT checkpoint_id FROM thread_checkpoint
    WHERE thread_id = :thread_id AND checkpoint_ns = :checkpoint_ns ORDER BY stored_at DESC LIMIT 1)))

-- name: delta_history
-- What some channels are replayed from: the nearest value among a checkpoint's ancestors, and the writes since.
WITH found AS MATERIALIZED (
    SELECT * FROM thread_replay(:thread_id, :checkpoint_ns, coalesce(:checkpoint_id::text, (
        SELECT checkpoint_id FROM thread_checkpoint
        WHERE thread_id = :thread_id AND checkpoint_ns = :checkpoint_ns ORDER BY stored_at DESC LIMIT 1)), :channels)
)
SELECT part, depth, channel, version, kind, NULL::bigint AS address, NULL::bigint AS count, type, value, task_path,
    task_id, idx
FROM found
UNION ALL
SELECT 'chunk', NULL, NULL, NULL, NULL, address, count, type, value, NULL, NULL, NULL
FROM thread_chunks_of(:thread_id, ARRAY(
    SELECT value FROM found WHERE kind <> 'value' OR (kind IS NULL AND type LIKE '@elements%')))

-- name: checkpoint_ids
-- The checkpoints of a thread, oldest first.
SELECT checkpoint_ns, checkpoint_id FROM thread_checkpoint WHERE thread_id = :thread_id ORDER BY stored_at

-- name: checkpoint_stored_at
-- When one checkpoint was stored.
SELECT stored_at FROM thread_checkpoint
WHERE thread_id = :thread_id AND checkpoint_ns = :checkpoint_ns AND checkpoint_id = :checkpoint_id

-- name: foundation
-- What is there of what a new checkpoint needs: its parent (no channel), and versions, some with what ends at an address.
SELECT NULL::text AS channel, NULL::bytea AS value, NULL::bigint AS list_end FROM thread_checkpoint
WHERE thread_id = :thread_id AND checkpoint_ns = :checkpoint_ns AND checkpoint_id = :parent_checkpoint_id
UNION ALL
SELECT c.channel, CASE WHEN k ->> 2 IS NULL THEN NULL ELSE c.value END, (
    SELECT e.address + e.count FROM thread_chunk AS e
    WHERE e.thread_id = :thread_id AND e.address < ((((k ->> 2)::bigint - 1) >> 20) << 20) + 1048576
    ORDER BY e.address DESC LIMIT 1)
FROM json_array_elements(:keys::json) AS k
JOIN thread_channel AS c ON c.thread_id = :thread_id AND c.checkpoint_ns = :checkpoint_ns
  AND c.channel = k ->> 0 AND c.version = k ->> 1

-- name: latest_checkpoint_id
-- The id of the newest checkpoint of a thread in one namespace.
SELECT checkpoint_id FROM thread_checkpoint
WHERE thread_id = :thread_id AND checkpoint_ns = :checkpoint_ns
ORDER BY stored_at DESC LIMIT 1

-- name: checkpoints_of_thread
-- A page of one thread's checkpoints, newest first, after a given place.
SELECT * FROM thread_checkpoint
WHERE thread_id = :thread_id
  AND (:checkpoint_ns::text IS NULL OR checkpoint_ns = :checkpoint_ns)
  AND (:checkpoint_id::text IS NULL OR checkpoint_id = :checkpoint_id)
  AND (:before::text IS NULL
    OR CASE WHEN :before_at::bigint IS NULL THEN checkpoint_id < :before::text ELSE stored_at < :before_at::bigint END)
  AND (:after_at::bigint IS NULL OR stored_at < :after_at::bigint)
ORDER BY stored_at DESC LIMIT :page

-- name: checkpoints_of_all_threads
-- A page of every thread's checkpoints, newest first, after a given place.
SELECT * FROM thread_checkpoint
WHERE (:before::text IS NULL
    OR CASE WHEN :before_at::bigint IS NULL THEN checkpoint_id < :before::text ELSE stored_at < :before_at::bigint END)
  AND (:after_at::bigint IS NULL OR (stored_at, thread_id) < (:after_at::bigint, :after_thread::text))
ORDER BY stored_at DESC, thread_id DESC LIMIT :page

-- name: versions
-- Stored channel versions by (thread, namespace, channel, version).
SELECT c.thread_id, c.checkpoint_ns, c.channel, c.version, c.kind, c.type, c.value
FROM json_array_elements(:keys::json) AS k
JOIN thread_channel AS c
  ON c.thread_id = k ->> 0 AND c.checkpoint_ns = k ->> 1 AND c.channel = k ->> 2 AND c.version = k ->> 3

-- name: versions_of_checkpoint
-- The stored versions of some channels of one checkpoint, with the chunks that they are made of.
SELECT * FROM (
    WITH found AS MATERIALIZED (
        SELECT c.*
        FROM thread_checkpoint AS p
        CROSS JOIN json_each_text(p.channel_versions) AS v
        JOIN thread_channel AS c ON c.thread_id = p.thread_id AND c.checkpoint_ns = p.checkpoint_ns
          AND c.channel = v.key AND c.version = v.value
        WHERE p.thread_id = :thread_id AND p.checkpoint_ns = :checkpoint_ns AND p.checkpoint_id = :checkpoint_id
          AND v.key = ANY (:channels::text[])
    )
    SELECT 'version' AS part, thread_id, channel, version, kind, NULL::bigint AS address, NULL::bigint AS count, type,
        value
    FROM found
    UNION ALL
    SELECT 'chunk', thread_id, NULL, NULL, NULL, address, count, type, value
    FROM thread_chunks_of(:thread_id, ARRAY(SELECT value FROM found WHERE kind <> 'value'))
) AS parts

-- name: chunks
-- The chunks that touch any of some stretches of addresses, given as (thread, first, end).
SELECT i.thread_id, i.address, i.count, i.type, i.value
FROM json_array_elements(:stretches::json) AS s
CROSS JOIN LATERAL (
    SELECT coalesce(max(b.address), 0) AS start FROM thread_chunk AS b
    WHERE b.thread_id = s ->> 0 AND b.address <= (s ->> 1)::bigint
) AS f
JOIN thread_chunk AS i ON i.thread_id = s ->> 0 AND i.address >= f.start AND i.address < (s ->> 2)::bigint

-- name: writes
-- The pending writes of some checkpoints, in the order in which a run applies them.
SELECT w.thread_id, w.checkpoint_ns, w.checkpoint_id, w.task_id, w.channel, w.type, w.value
FROM json_array_elements(:keys::json) WITH ORDINALITY AS k (place, number)
JOIN thread_write AS w
  ON w.thread_id = k.place ->> 0 AND w.checkpoint_ns = k.place ->> 1 AND w.checkpoint_id = k.place ->> 2
ORDER BY k.number, w.task_path, w.task_id, w.idx

-- name: checkpoint_chain
-- Every checkpoint of a thread with its parent and the channels it holds a value for.
SELECT p.checkpoint_ns, p.checkpoint_id, p.parent_checkpoint_id, p.replayed_channels,
    (SELECT coalesce(json_agg(v.key), '[]')::text FROM json_each_text(p.channel_versions) AS v
     JOIN thread_channel AS c
       ON c.thread_id = p.thread_id AND c.checkpoint_ns = p.checkpoint_ns AND c.channel = v.key AND c.version = v.value
    ) AS stored_channels,
    (SELECT coalesce(json_agg(DISTINCT w.channel), '[]')::text FROM thread_write AS w
     WHERE w.thread_id = p.thread_id AND w.checkpoint_ns = p.checkpoint_ns AND w.checkpoint_id = p.checkpoint_id
    ) AS written_channels
FROM thread_checkpoint AS p WHERE p.thread_id = :thread_id
ORDER BY p.checkpoint_ns, p.stored_at DESC

-- name: checkpoint_tree
-- Every checkpoint of a thread with its parent, oldest first.
SELECT checkpoint_ns, checkpoint_id, parent_checkpoint_id FROM thread_checkpoint WHERE thread_id = :thread_id
ORDER BY stored_at

-- name: checkpoints_of_runs
-- The checkpoints that any of the given runs made.
SELECT thread_id, checkpoint_ns, checkpoint_id FROM thread_checkpoint
WHERE run_id = ANY (:run_ids::text[])

-- name: delete_checkpoint
-- Remove one checkpoint.
DELETE FROM thread_checkpoint
WHERE thread_id = :thread_id AND checkpoint_ns = :checkpoint_ns AND checkpoint_id = :checkpoint_id

-- name: delete_writes_of_checkpoint
-- Remove the pending writes of one checkpoint.
DELETE FROM thread_write
WHERE thread_id = :thread_id AND checkpoint_ns = :checkpoint_ns AND checkpoint_id = :checkpoint_id

-- name: delete_unused_channels
-- Remove the channel versions of a thread that none of its checkpoints names.
DELETE FROM thread_channel
WHERE thread_id = :thread_id AND (checkpoint_ns, channel, version) NOT IN (
    SELECT p.checkpoint_ns, v.key, v.value
    FROM thread_checkpoint AS p CROSS JOIN json_each_text(p.channel_versions) AS v WHERE p.thread_id = :thread_id
)

-- name: runs_of_thread
-- The runs of every channel version and pending write of a thread that has elements.
SELECT value FROM thread_channel WHERE thread_id = :thread_id AND kind <> 'value'
UNION ALL
SELECT value FROM thread_write WHERE thread_id = :thread_id AND type LIKE '@elements%'

-- name: chunks_of_thread
-- Where the chunks of a thread are.
SELECT address, count FROM thread_chunk WHERE thread_id = :thread_id

-- name: delete_chunk
-- Remove one chunk.
DELETE FROM thread_chunk WHERE thread_id = :thread_id AND address = :address

-- name: delete_thread_if_empty
-- Forget a thread that holds no checkpoint any more; a row says that it is gone.
DELETE FROM thread WHERE thread_id = :thread_id AND created_at IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM thread_checkpoint AS p WHERE p.thread_id = :thread_id)
RETURNING thread_id

-- name: mark_deleted_thread
-- Note that a thread is deleted.
INSERT INTO thread_deleted (mark, deleted_at) VALUES (:mark, extract(epoch FROM clock_timestamp())::bigint)
ON CONFLICT (mark) DO UPDATE SET deleted_at = excluded.deleted_at

-- name: forget_deleted_threads
-- Forget the threads that were deleted so long ago, in seconds, that no run of them is under way any more.
DELETE FROM thread_deleted WHERE deleted_at < extract(epoch FROM clock_timestamp())::bigint - :seconds

-- name: delete_checkpoints_of_thread
-- Remove every checkpoint of a thread.
DELETE FROM thread_checkpoint WHERE thread_id = :thread_id

-- name: delete_channels_of_thread
-- Remove every channel version of a thread.
DELETE FROM thread_channel WHERE thread_id = :thread_id

-- name: delete_chunks_of_thread
-- Remove every chunk of a thread.
DELETE FROM thread_chunk WHERE thread_id = :thread_id

-- name: delete_writes_of_thread
-- Remove every pending write of a thread.
DELETE FROM thread_write WHERE thread_id = :thread_id

-- name: copy_checkpoints
-- Copy every checkpoint of one thread to another.
INSERT INTO thread_checkpoint (
    thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, run_id, channel_versions, replayed_channels,
    type, body, stored_at
) SELECT :thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, run_id, channel_versions,
    replayed_channels, type, body, stored_at
FROM thread_checkpoint WHERE thread_id = :source_thread_id

-- name: copy_channels
-- Copy every channel version of one thread to another.
INSERT INTO thread_channel (thread_id, checkpoint_ns, channel, version, kind, type, value)
SELECT :thread_id, checkpoint_ns, channel, version, kind, type, value FROM thread_channel WHERE thread_id = :source_thread_id

-- name: copy_chunks
-- Copy every chunk of one thread to another.
INSERT INTO thread_chunk (thread_id, address, count, type, value)
SELECT :thread_id, address, count, type, value FROM thread_chunk WHERE thread_id = :source_thread_id

-- name: copy_writes
-- Copy every pending write of one thread to another.
INSERT INTO thread_write (
    thread_id, checkpoint_ns, checkpoint_id, task_id, idx, task_path, channel, type, value
) SELECT :thread_id, checkpoint_ns, checkpoint_id, task_id, idx, task_path, channel, type, value
FROM thread_write WHERE thread_id = :source_thread_id

-- name: threads
-- A page of threads, last used first, with what they hold.
SELECT t.thread_id, t.owner_id, t.created_at, t.updated_at,
    (SELECT count(*) FROM thread_checkpoint AS p WHERE p.thread_id = t.thread_id) AS checkpoints,
    (coalesce((SELECT sum(length(p.body)) FROM thread_checkpoint AS p WHERE p.thread_id = t.thread_id), 0)
    + coalesce((SELECT sum(length(c.value)) FROM thread_channel AS c WHERE c.thread_id = t.thread_id), 0)
    + coalesce((SELECT sum(length(i.value)) FROM thread_chunk AS i WHERE i.thread_id = t.thread_id), 0)
    + coalesce((SELECT sum(length(w.value)) FROM thread_write AS w WHERE w.thread_id = t.thread_id), 0))::bigint AS bytes
FROM thread AS t WHERE t.created_at IS NOT NULL AND (:owner_id::text IS NULL OR t.owner_id = :owner_id)
ORDER BY t.updated_at DESC, t.thread_id LIMIT :limit OFFSET :offset

-- name: thread_summary
-- What one thread holds.
SELECT t.thread_id, t.owner_id, t.created_at, t.updated_at,
    (SELECT count(*) FROM thread_checkpoint AS p WHERE p.thread_id = t.thread_id) AS checkpoints,
    (coalesce((SELECT sum(length(p.body)) FROM thread_checkpoint AS p WHERE p.thread_id = t.thread_id), 0)
    + coalesce((SELECT sum(length(c.value)) FROM thread_channel AS c WHERE c.thread_id = t.thread_id), 0)
    + coalesce((SELECT sum(length(i.value)) FROM thread_chunk AS i WHERE i.thread_id = t.thread_id), 0)
    + coalesce((SELECT sum(length(w.value)) FROM thread_write AS w WHERE w.thread_id = t.thread_id), 0))::bigint AS bytes
FROM thread AS t WHERE t.thread_id = :thread_id AND t.created_at IS NOT NULL AND (:owner_id::text IS NULL OR t.owner_id = :owner_id)

-- name: last_values
-- The stored version of one channel of the newest root checkpoint of some threads.
SELECT c.thread_id, c.checkpoint_ns, c.channel, c.version, c.kind, c.type, c.value
FROM unnest(:thread_ids::text[]) AS t (thread_id)
CROSS JOIN LATERAL (
    SELECT p.channel_versions ->> :channel AS version FROM thread_checkpoint AS p
    WHERE p.thread_id = t.thread_id AND p.checkpoint_ns = '' ORDER BY p.stored_at DESC LIMIT 1
) AS newest
CROSS JOIN LATERAL (
    SELECT * FROM thread_channel AS c WHERE c.thread_id = t.thread_id AND c.checkpoint_ns = ''
      AND c.channel = :channel AND c.version = newest.version LIMIT 1
) AS c

-- name: threads_longer_than
-- Threads that hold more than so many checkpoints in one namespace.
SELECT DISTINCT thread_id FROM thread_checkpoint GROUP BY thread_id, checkpoint_ns HAVING count(*) > :checkpoints
