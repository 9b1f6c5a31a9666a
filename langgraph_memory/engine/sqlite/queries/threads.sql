-- name: put_checkpoint
-- Store one checkpoint; the same id again replaces it.
INSERT INTO thread_checkpoint (
    thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, run_id, created_at, channel_versions,
    type, checkpoint, metadata_type, metadata
) VALUES (
    :thread_id, :checkpoint_ns, :checkpoint_id, :parent_checkpoint_id, :run_id, :created_at, :channel_versions,
    :type, :checkpoint, :metadata_type, :metadata
) ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id) DO UPDATE SET
    parent_checkpoint_id = excluded.parent_checkpoint_id, run_id = excluded.run_id,
    channel_versions = excluded.channel_versions, type = excluded.type, checkpoint = excluded.checkpoint,
    metadata_type = excluded.metadata_type, metadata = excluded.metadata

-- name: put_channel
-- Store one version of one channel.
INSERT INTO thread_channel (thread_id, checkpoint_ns, channel, version, type, value)
VALUES (:thread_id, :checkpoint_ns, :channel, :version, :type, :value)
ON CONFLICT (thread_id, checkpoint_ns, channel, version) DO UPDATE SET type = excluded.type, value = excluded.value

-- name: put_write
-- Store one pending write; an ordinary write that is there already stays as it is.
INSERT INTO thread_write (
    thread_id, checkpoint_ns, checkpoint_id, task_id, idx, task_path, channel, type, value
) VALUES (
    :thread_id, :checkpoint_ns, :checkpoint_id, :task_id, :idx, :task_path, :channel, :type, :value
) ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id, task_id, idx) DO UPDATE SET
    task_path = excluded.task_path, channel = excluded.channel, type = excluded.type, value = excluded.value
    WHERE excluded.idx < 0

-- name: checkpoint
-- One checkpoint by its id.
SELECT * FROM thread_checkpoint
WHERE thread_id = :thread_id AND checkpoint_ns = :checkpoint_ns AND checkpoint_id = :checkpoint_id

-- name: latest_checkpoint
-- The newest checkpoint of a thread in one namespace.
SELECT * FROM thread_checkpoint
WHERE thread_id = :thread_id AND checkpoint_ns = :checkpoint_ns
ORDER BY checkpoint_id DESC LIMIT 1

-- name: checkpoints_of_thread
-- A page of one thread's checkpoints, newest first, after a given place.
SELECT * FROM thread_checkpoint
WHERE thread_id = :thread_id
  AND (:checkpoint_ns IS NULL OR checkpoint_ns = :checkpoint_ns)
  AND (:checkpoint_id IS NULL OR checkpoint_id = :checkpoint_id)
  AND (:before IS NULL OR checkpoint_id < :before)
  AND (:after_id IS NULL OR (checkpoint_id, thread_id, checkpoint_ns) < (:after_id, :after_thread, :after_ns))
ORDER BY checkpoint_id DESC, thread_id DESC, checkpoint_ns DESC LIMIT :page

-- name: checkpoints_of_all_threads
-- A page of every thread's checkpoints, newest first, after a given place.
SELECT * FROM thread_checkpoint
WHERE (:before IS NULL OR checkpoint_id < :before)
  AND (:after_id IS NULL OR (checkpoint_id, thread_id, checkpoint_ns) < (:after_id, :after_thread, :after_ns))
ORDER BY checkpoint_id DESC, thread_id DESC, checkpoint_ns DESC LIMIT :page

-- name: channels_of_checkpoint
-- The stored value of every channel of one checkpoint.
SELECT c.channel, c.type, c.value
FROM thread_checkpoint AS p
JOIN json_each(p.channel_versions) AS v
JOIN thread_channel AS c
  ON c.thread_id = p.thread_id AND c.checkpoint_ns = p.checkpoint_ns AND c.channel = v.key AND c.version = v.value
WHERE p.thread_id = :thread_id AND p.checkpoint_ns = :checkpoint_ns AND p.checkpoint_id = :checkpoint_id

-- name: writes_of_checkpoint
-- The pending writes of one checkpoint, in the order in which a run applies them.
SELECT task_id, channel, type, value FROM thread_write
WHERE thread_id = :thread_id AND checkpoint_ns = :checkpoint_ns AND checkpoint_id = :checkpoint_id
ORDER BY task_path, task_id, idx

-- name: checkpoint_chain
-- Every checkpoint of a thread with its parent and the channels it holds a value for.
SELECT p.checkpoint_ns, p.checkpoint_id, p.parent_checkpoint_id, p.channel_versions,
    (SELECT json_group_array(v.key) FROM json_each(p.channel_versions) AS v
     JOIN thread_channel AS c
       ON c.thread_id = p.thread_id AND c.checkpoint_ns = p.checkpoint_ns AND c.channel = v.key AND c.version = v.value
    ) AS stored_channels,
    (SELECT json_group_array(DISTINCT w.channel) FROM thread_write AS w
     WHERE w.thread_id = p.thread_id AND w.checkpoint_ns = p.checkpoint_ns AND w.checkpoint_id = p.checkpoint_id
    ) AS written_channels
FROM thread_checkpoint AS p WHERE p.thread_id = :thread_id
ORDER BY p.checkpoint_ns, p.checkpoint_id DESC

-- name: checkpoints_of_runs
-- The checkpoints that any of the given runs made.
SELECT thread_id, checkpoint_ns, checkpoint_id FROM thread_checkpoint
WHERE run_id IN (SELECT value FROM json_each(:run_ids))

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
    FROM thread_checkpoint AS p JOIN json_each(p.channel_versions) AS v WHERE p.thread_id = :thread_id
)

-- name: delete_checkpoints_of_thread
-- Remove every checkpoint of a thread.
DELETE FROM thread_checkpoint WHERE thread_id = :thread_id

-- name: delete_channels_of_thread
-- Remove every channel version of a thread.
DELETE FROM thread_channel WHERE thread_id = :thread_id

-- name: delete_writes_of_thread
-- Remove every pending write of a thread.
DELETE FROM thread_write WHERE thread_id = :thread_id

-- name: copy_checkpoints
-- Copy every checkpoint of one thread to another.
INSERT INTO thread_checkpoint
SELECT :target, checkpoint_ns, checkpoint_id, parent_checkpoint_id, run_id, created_at, channel_versions,
    type, checkpoint, metadata_type, metadata
FROM thread_checkpoint WHERE thread_id = :source

-- name: copy_channels
-- Copy every channel version of one thread to another.
INSERT INTO thread_channel
SELECT :target, checkpoint_ns, channel, version, type, value FROM thread_channel WHERE thread_id = :source

-- name: copy_writes
-- Copy every pending write of one thread to another.
INSERT INTO thread_write
SELECT :target, checkpoint_ns, checkpoint_id, task_id, idx, task_path, channel, type, value
FROM thread_write WHERE thread_id = :source

-- name: threads
-- A page of threads, last used first, with what they hold.
SELECT p.thread_id, count(*) AS checkpoints, min(p.created_at) AS created_at, max(p.created_at) AS updated_at,
    coalesce((SELECT sum(length(c.value)) FROM thread_channel AS c WHERE c.thread_id = p.thread_id), 0)
    + coalesce((SELECT sum(length(w.value)) FROM thread_write AS w WHERE w.thread_id = p.thread_id), 0)
    + sum(length(p.checkpoint) + length(p.metadata)) AS bytes
FROM thread_checkpoint AS p
GROUP BY p.thread_id ORDER BY updated_at DESC, p.thread_id LIMIT :limit OFFSET :offset
