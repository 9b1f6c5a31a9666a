-- name: date_thread
-- Note when a checkpoint of a thread is stored; it comes before everything else that is stored with it.
INSERT INTO thread (thread_id, created_at, updated_at) VALUES (:thread_id, :now, :now)
ON CONFLICT (thread_id) DO UPDATE SET
    created_at = coalesce(thread.created_at, excluded.created_at),
    updated_at = max(coalesce(thread.updated_at + 1, excluded.updated_at), excluded.updated_at)

-- name: put_checkpoint
-- Store one checkpoint; the same id again replaces it.
INSERT INTO thread_checkpoint (
    thread_no, checkpoint_ns, checkpoint_id, parent_checkpoint_id, run_id, channel_versions, replayed_channels, type,
    body, stored_at
) SELECT thread_no, :checkpoint_ns, :checkpoint_id, :parent_checkpoint_id, :run_id, :channel_versions,
    :replayed_channels, :type, :body, updated_at
FROM thread WHERE thread_id = :thread_id
ON CONFLICT (thread_no, checkpoint_ns, checkpoint_id) DO UPDATE SET
    parent_checkpoint_id = excluded.parent_checkpoint_id, run_id = excluded.run_id,
    channel_versions = excluded.channel_versions, replayed_channels = excluded.replayed_channels, type = excluded.type,
    body = excluded.body

-- name: put_channel
-- Store one version of one channel.
INSERT INTO thread_channel (thread_no, checkpoint_ns, channel, version, kind, type, value)
VALUES (
    (SELECT thread_no FROM thread WHERE thread_id = :thread_id), :checkpoint_ns, :channel, :version, :kind, :type,
    :value
) ON CONFLICT (thread_no, checkpoint_ns, version, channel) DO UPDATE SET
    kind = excluded.kind, type = excluded.type, value = excluded.value

-- name: put_chunk
-- Store elements that were serialised together.
INSERT INTO thread_chunk (thread_no, address, count, type, value)
VALUES ((SELECT thread_no FROM thread WHERE thread_id = :thread_id), :address, :count, :type, :value)

-- name: put_write
-- Store one pending write; an ordinary write that is there already stays as it is.
-- Where the checkpoint was stored before and is not there any more, nothing is stored.
INSERT INTO thread_write (thread_no, checkpoint_ns, checkpoint_id, task_id, idx, task_path, channel, type, value)
SELECT thread_no, :checkpoint_ns, :checkpoint_id, :task_id, :idx, :task_path, :channel, :type, :value
FROM thread AS t WHERE thread_id = :thread_id AND (:stored = 0 OR EXISTS (
    SELECT 1 FROM thread_checkpoint AS p
    WHERE p.thread_no = t.thread_no AND p.checkpoint_ns = :checkpoint_ns AND p.checkpoint_id = :checkpoint_id))
ON CONFLICT (thread_no, checkpoint_ns, checkpoint_id, task_id, idx) DO UPDATE SET
    task_path = excluded.task_path, channel = excluded.channel, type = excluded.type, value = excluded.value
    WHERE excluded.idx < 0

-- name: share_write
-- Let a pending write that has become elements of a list name them in place of a copy.
UPDATE thread_write SET type = :shared, value = :runs
WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :thread_id)
  AND checkpoint_ns = :checkpoint_ns AND checkpoint_id = :checkpoint_id
  AND channel = :channel AND type = :type AND value = :value

-- name: chunk_stretch
-- Where the chunks of a stretch of addresses are.
SELECT address, count FROM thread_chunk
WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :thread_id)
  AND address >= :first AND address < :end ORDER BY address

-- name: delete_chunk_stretch
-- Remove the chunks of a stretch of addresses.
DELETE FROM thread_chunk
WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :thread_id) AND address >= :first AND address < :end

-- name: checkpoint
-- One checkpoint by its id, or the newest of its namespace, with the versions of its channels and its pending writes.
WITH found AS MATERIALIZED (
    SELECT p.* FROM thread AS t CROSS JOIN thread_checkpoint AS p ON p.thread_no = t.thread_no
    WHERE t.thread_id = :thread_id AND p.checkpoint_ns = :checkpoint_ns AND p.checkpoint_id = coalesce(
        :checkpoint_id,
        (SELECT q.checkpoint_id FROM thread_checkpoint AS q
         WHERE q.thread_no = t.thread_no AND q.checkpoint_ns = :checkpoint_ns ORDER BY q.stored_at DESC LIMIT 1)
    )
)
SELECT 'checkpoint' AS part, type, NULL AS value, body, checkpoint_id, parent_checkpoint_id, channel_versions,
    NULL AS channel, NULL AS version, NULL AS kind, NULL AS task_path, NULL AS task_id, NULL AS idx
FROM found
UNION ALL
SELECT 'version', c.type, c.value, NULL, NULL, NULL, NULL, c.channel, c.version, c.kind, NULL, NULL, NULL
FROM found AS p
CROSS JOIN json_each(iif(json_valid(p.channel_versions), p.channel_versions, '{}')) AS v
CROSS JOIN thread_channel AS c
  ON c.thread_no = p.thread_no AND c.checkpoint_ns = p.checkpoint_ns AND c.channel = v.key
  AND c.version = CAST(v.value AS TEXT)
UNION ALL
SELECT 'write', w.type, w.value, NULL, NULL, NULL, NULL, w.channel, NULL, NULL, w.task_path, w.task_id, w.idx
FROM found AS p CROSS JOIN thread_write AS w
  ON w.thread_no = p.thread_no AND w.checkpoint_ns = p.checkpoint_ns AND w.checkpoint_id = p.checkpoint_id

-- name: delta_history
-- What some channels are replayed from: the nearest value among a checkpoint's ancestors, and the writes since.
-- A checkpoint that is its own ancestor ends it: it goes back no further than there are checkpoints.
WITH RECURSIVE start AS MATERIALIZED (
    SELECT p.* FROM thread AS t CROSS JOIN thread_checkpoint AS p ON p.thread_no = t.thread_no
    WHERE t.thread_id = :thread_id AND p.checkpoint_ns = :checkpoint_ns AND p.checkpoint_id = coalesce(
        :checkpoint_id,
        (SELECT q.checkpoint_id FROM thread_checkpoint AS q
         WHERE q.thread_no = t.thread_no AND q.checkpoint_ns = :checkpoint_ns ORDER BY q.stored_at DESC LIMIT 1)
    )
),
chain (channel, depth, thread_no, checkpoint_id, parent_checkpoint_id, version, kind, type, value) AS (
    SELECT n.value, 0, s.thread_no, s.checkpoint_id, s.parent_checkpoint_id, NULL, NULL, NULL, NULL
    FROM start AS s CROSS JOIN json_each(:channels) AS n
    UNION ALL
    SELECT a.channel, a.depth + 1, p.thread_no, p.checkpoint_id, p.parent_checkpoint_id,
        c.version, c.kind, c.type, c.value
    FROM chain AS a
    CROSS JOIN thread_checkpoint AS p
      ON p.thread_no = a.thread_no AND p.checkpoint_ns = :checkpoint_ns AND p.checkpoint_id = a.parent_checkpoint_id
    LEFT JOIN thread_channel AS c
      ON c.thread_no = p.thread_no AND c.checkpoint_ns = :checkpoint_ns AND c.channel = a.channel
      AND c.version = (
        SELECT CAST(v.value AS TEXT) FROM json_each(iif(json_valid(p.channel_versions), p.channel_versions, '{}')) AS v
        WHERE v.key = a.channel)
    WHERE a.version IS NULL AND a.depth < (
        SELECT count(*) FROM thread_checkpoint AS q JOIN start AS s
        ON q.thread_no = s.thread_no WHERE q.checkpoint_ns = :checkpoint_ns)
)
SELECT 'version' AS part, depth, channel, version, kind, type, value, NULL AS task_path, NULL AS task_id, NULL AS idx
FROM chain WHERE version IS NOT NULL
UNION ALL
SELECT 'write', a.depth, a.channel, NULL, NULL, w.type, w.value, w.task_path, w.task_id, w.idx
FROM chain AS a CROSS JOIN thread_write AS w
  ON w.thread_no = a.thread_no AND w.checkpoint_ns = :checkpoint_ns AND w.checkpoint_id = a.checkpoint_id
  AND w.channel = a.channel
WHERE a.depth > 0

-- name: checkpoint_ids
-- The checkpoints of a thread, oldest first.
SELECT checkpoint_ns, checkpoint_id FROM thread_checkpoint
WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :thread_id) ORDER BY stored_at

-- name: checkpoint_stored_at
-- When one checkpoint was stored.
SELECT stored_at FROM thread_checkpoint
WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :thread_id)
  AND checkpoint_ns = :checkpoint_ns AND checkpoint_id = :checkpoint_id

-- name: foundation
-- What is there of what a new checkpoint needs: its parent (no channel), and versions, some with what ends at an address.
SELECT NULL AS channel, NULL AS value, NULL AS list_end FROM thread_checkpoint
WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :thread_id)
  AND checkpoint_ns = :checkpoint_ns AND checkpoint_id = :parent_checkpoint_id
UNION ALL
SELECT c.channel, iif(json_extract(k.value, '$[2]') IS NULL, NULL, c.value), (
    SELECT e.address + e.count FROM thread_chunk AS e
    WHERE e.thread_no = c.thread_no AND e.address < ((json_extract(k.value, '$[2]') - 1) >> 20 << 20) + 1048576
    ORDER BY e.address DESC LIMIT 1)
FROM json_each(:keys) AS k CROSS JOIN thread_channel AS c
  ON c.thread_no = (SELECT thread_no FROM thread WHERE thread_id = :thread_id) AND c.checkpoint_ns = :checkpoint_ns
  AND c.channel = json_extract(k.value, '$[0]') AND c.version = json_extract(k.value, '$[1]')

-- name: latest_checkpoint_id
-- The id of the newest checkpoint of a thread in one namespace.
SELECT checkpoint_id FROM thread_checkpoint
WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :thread_id)
  AND checkpoint_ns = :checkpoint_ns
ORDER BY stored_at DESC LIMIT 1

-- name: checkpoints_of_thread
-- A page of one thread's checkpoints, newest first, after a given place.
SELECT t.thread_id, p.* FROM thread AS t CROSS JOIN thread_checkpoint AS p ON p.thread_no = t.thread_no
WHERE t.thread_id = :thread_id
  AND (:checkpoint_ns IS NULL OR p.checkpoint_ns = :checkpoint_ns)
  AND (:checkpoint_id IS NULL OR p.checkpoint_id = :checkpoint_id)
  AND (:before IS NULL OR iif(:before_at IS NULL, p.checkpoint_id < :before, p.stored_at < :before_at))
  AND (:after_at IS NULL OR p.stored_at < :after_at)
ORDER BY p.stored_at DESC LIMIT :page

-- name: checkpoints_of_all_threads
-- A page of every thread's checkpoints, newest first, after a given place.
SELECT t.thread_id, p.* FROM thread AS t JOIN thread_checkpoint AS p ON p.thread_no = t.thread_no
WHERE (:before IS NULL OR iif(:before_at IS NULL, p.checkpoint_id < :before, p.stored_at < :before_at))
  AND (:after_at IS NULL OR (p.stored_at, t.thread_id) < (:after_at, :after_thread))
ORDER BY p.stored_at DESC, t.thread_id DESC LIMIT :page

-- name: versions
-- Stored channel versions by (thread, namespace, channel, version).
SELECT t.thread_id, c.checkpoint_ns, c.channel, c.version, c.kind, c.type, c.value
FROM json_each(:keys) AS k
CROSS JOIN thread AS t ON t.thread_id = json_extract(k.value, '$[0]')
CROSS JOIN thread_channel AS c
  ON c.thread_no = t.thread_no AND c.checkpoint_ns = json_extract(k.value, '$[1]')
  AND c.channel = json_extract(k.value, '$[2]') AND c.version = json_extract(k.value, '$[3]')

-- name: versions_of_checkpoint
-- The stored versions of some channels of one checkpoint.
SELECT 'version' AS part, c.channel, c.version, c.kind, c.type, c.value
FROM thread_checkpoint AS p
CROSS JOIN json_each(p.channel_versions) AS v
CROSS JOIN thread_channel AS c
  ON c.thread_no = p.thread_no AND c.checkpoint_ns = p.checkpoint_ns AND c.channel = v.key
  AND c.version = CAST(v.value AS TEXT)
WHERE p.thread_no = (SELECT thread_no FROM thread WHERE thread_id = :thread_id)
  AND p.checkpoint_ns = :checkpoint_ns AND p.checkpoint_id = :checkpoint_id
  AND v.key IN (SELECT value FROM json_each(:channels))

-- name: chunks
-- The chunks that touch any of some stretches of addresses, given as (thread, first, end).
SELECT t.thread_id, i.address, i.count, i.type, i.value
FROM json_each(:stretches) AS s
CROSS JOIN thread AS t ON t.thread_id = json_extract(s.value, '$[0]')
CROSS JOIN thread_chunk AS i
  ON i.thread_no = t.thread_no AND i.address < json_extract(s.value, '$[2]')
  AND i.address >= (
    SELECT coalesce(max(b.address), 0) FROM thread_chunk AS b
    WHERE b.thread_no = t.thread_no AND b.address <= json_extract(s.value, '$[1]')
  )

-- name: writes
-- The pending writes of some checkpoints, in the order in which a run applies them.
SELECT t.thread_id, w.checkpoint_ns, w.checkpoint_id, w.task_id, w.channel, w.type, w.value
FROM json_each(:keys) AS k
CROSS JOIN thread AS t ON t.thread_id = json_extract(k.value, '$[0]')
CROSS JOIN thread_write AS w
  ON w.thread_no = t.thread_no AND w.checkpoint_ns = json_extract(k.value, '$[1]')
  AND w.checkpoint_id = json_extract(k.value, '$[2]')
ORDER BY k.key, w.task_path, w.task_id, w.idx

-- name: checkpoint_chain
-- Every checkpoint of a thread with its parent and the channels it holds a value for.
SELECT p.checkpoint_ns, p.checkpoint_id, p.parent_checkpoint_id, p.replayed_channels,
    (SELECT json_group_array(v.key) FROM json_each(p.channel_versions) AS v
     CROSS JOIN thread_channel AS c
       ON c.thread_no = p.thread_no AND c.checkpoint_ns = p.checkpoint_ns AND c.channel = v.key
       AND c.version = CAST(v.value AS TEXT)
    ) AS stored_channels,
    (SELECT json_group_array(DISTINCT w.channel) FROM thread_write AS w
     WHERE w.thread_no = p.thread_no AND w.checkpoint_ns = p.checkpoint_ns AND w.checkpoint_id = p.checkpoint_id
    ) AS written_channels
FROM thread_checkpoint AS p WHERE p.thread_no = (SELECT thread_no FROM thread WHERE thread_id = :thread_id)
ORDER BY p.checkpoint_ns, p.stored_at DESC

-- name: checkpoint_tree
-- Every checkpoint of a thread with its parent, oldest first.
SELECT checkpoint_ns, checkpoint_id, parent_checkpoint_id FROM thread_checkpoint
WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :thread_id) ORDER BY stored_at

-- name: checkpoints_of_runs
-- The checkpoints that any of the given runs made.
SELECT t.thread_id, p.checkpoint_ns, p.checkpoint_id
FROM thread_checkpoint AS p JOIN thread AS t ON t.thread_no = p.thread_no
WHERE p.run_id IN (SELECT value FROM json_each(:run_ids))

-- name: delete_checkpoint
-- Remove one checkpoint.
DELETE FROM thread_checkpoint
WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :thread_id)
  AND checkpoint_ns = :checkpoint_ns AND checkpoint_id = :checkpoint_id

-- name: delete_writes_of_checkpoint
-- Remove the pending writes of one checkpoint.
DELETE FROM thread_write
WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :thread_id)
  AND checkpoint_ns = :checkpoint_ns AND checkpoint_id = :checkpoint_id

-- name: delete_unused_channels
-- Remove the channel versions of a thread that none of its checkpoints names.
DELETE FROM thread_channel
WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :thread_id)
  AND (checkpoint_ns, channel, version) NOT IN (
    SELECT p.checkpoint_ns, v.key, CAST(v.value AS TEXT)
    FROM thread AS t JOIN thread_checkpoint AS p ON p.thread_no = t.thread_no JOIN json_each(p.channel_versions) AS v
    WHERE t.thread_id = :thread_id
  )

-- name: runs_of_thread
-- The runs of every channel version and pending write of a thread that has elements.
SELECT value FROM thread_channel
WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :thread_id) AND kind <> 'value'
UNION ALL
SELECT value FROM thread_write
WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :thread_id) AND type LIKE '@elements%'

-- name: chunks_of_thread
-- Where the chunks of a thread are.
SELECT address, count FROM thread_chunk WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :thread_id)

-- name: delete_chunk
-- Remove one chunk.
DELETE FROM thread_chunk
WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :thread_id) AND address = :address

-- name: delete_thread_if_empty
-- Forget a thread that holds no checkpoint any more; a row says that it is gone.
DELETE FROM thread WHERE thread_id = :thread_id AND created_at IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM thread_checkpoint AS p WHERE p.thread_no = thread.thread_no)
RETURNING thread_id

-- name: mark_deleted_thread
-- Note that a thread is deleted.
INSERT INTO thread_deleted (mark, deleted_at) VALUES (:mark, CAST(strftime('%s', 'now') AS INTEGER))
ON CONFLICT (mark) DO UPDATE SET deleted_at = excluded.deleted_at

-- name: forget_deleted_threads
-- Forget the threads that were deleted so long ago, in seconds, that no run of them is under way any more.
DELETE FROM thread_deleted WHERE deleted_at < CAST(strftime('%s', 'now') AS INTEGER) - :seconds

-- name: delete_checkpoints_of_thread
-- Remove every checkpoint of a thread.
DELETE FROM thread_checkpoint WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :thread_id)

-- name: delete_channels_of_thread
-- Remove every channel version of a thread.
DELETE FROM thread_channel WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :thread_id)

-- name: delete_chunks_of_thread
-- Remove every chunk of a thread.
DELETE FROM thread_chunk WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :thread_id)

-- name: delete_writes_of_thread
-- Remove every pending write of a thread.
DELETE FROM thread_write WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :thread_id)

-- name: copy_checkpoints
-- Copy every checkpoint of one thread to another.
INSERT INTO thread_checkpoint
SELECT (SELECT thread_no FROM thread WHERE thread_id = :thread_id),
    checkpoint_ns, checkpoint_id, parent_checkpoint_id, run_id, channel_versions, replayed_channels, type, body,
    stored_at
FROM thread_checkpoint WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :source_thread_id)

-- name: copy_channels
-- Copy every channel version of one thread to another.
INSERT INTO thread_channel
SELECT (SELECT thread_no FROM thread WHERE thread_id = :thread_id),
    checkpoint_ns, channel, version, kind, type, value
FROM thread_channel WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :source_thread_id)

-- name: copy_chunks
-- Copy every chunk of one thread to another.
INSERT INTO thread_chunk
SELECT (SELECT thread_no FROM thread WHERE thread_id = :thread_id),
    address, count, type, value
FROM thread_chunk WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :source_thread_id)

-- name: copy_writes
-- Copy every pending write of one thread to another.
INSERT INTO thread_write
SELECT (SELECT thread_no FROM thread WHERE thread_id = :thread_id),
    checkpoint_ns, checkpoint_id, task_id, idx, task_path, channel, type, value
FROM thread_write WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :source_thread_id)

-- name: threads
-- A page of threads, last used first, with what they hold.
SELECT t.thread_id, t.owner_id, t.created_at, t.updated_at,
    (SELECT count(*) FROM thread_checkpoint AS p WHERE p.thread_no = t.thread_no) AS checkpoints,
    coalesce((SELECT sum(length(p.body)) FROM thread_checkpoint AS p WHERE p.thread_no = t.thread_no), 0)
    + coalesce((SELECT sum(length(c.value)) FROM thread_channel AS c WHERE c.thread_no = t.thread_no), 0)
    + coalesce((SELECT sum(length(i.value)) FROM thread_chunk AS i WHERE i.thread_no = t.thread_no), 0)
    + coalesce((SELECT sum(length(w.value)) FROM thread_write AS w WHERE w.thread_no = t.thread_no), 0) AS bytes
FROM thread AS t WHERE t.created_at IS NOT NULL AND (:owner_id IS NULL OR t.owner_id = :owner_id)
ORDER BY t.updated_at DESC, t.thread_id LIMIT :limit OFFSET :offset

-- name: thread_summary
-- What one thread holds.
SELECT t.thread_id, t.owner_id, t.created_at, t.updated_at,
    (SELECT count(*) FROM thread_checkpoint AS p WHERE p.thread_no = t.thread_no) AS checkpoints,
    coalesce((SELECT sum(length(p.body)) FROM thread_checkpoint AS p WHERE p.thread_no = t.thread_no), 0)
    + coalesce((SELECT sum(length(c.value)) FROM thread_channel AS c WHERE c.thread_no = t.thread_no), 0)
    + coalesce((SELECT sum(length(i.value)) FROM thread_chunk AS i WHERE i.thread_no = t.thread_no), 0)
    + coalesce((SELECT sum(length(w.value)) FROM thread_write AS w WHERE w.thread_no = t.thread_no), 0) AS bytes
FROM thread AS t WHERE t.thread_id = :thread_id AND t.created_at IS NOT NULL AND (:owner_id IS NULL OR t.owner_id = :owner_id)

-- name: last_values
-- The stored version of one channel of the newest root checkpoint of some threads.
SELECT t.thread_id, c.checkpoint_ns, c.channel, c.version, c.kind, c.type, c.value
FROM json_each(:thread_ids) AS i
CROSS JOIN thread AS t ON t.thread_id = i.value
CROSS JOIN thread_checkpoint AS p
  ON p.thread_no = t.thread_no AND p.checkpoint_ns = '' AND p.checkpoint_id = (
    SELECT q.checkpoint_id FROM thread_checkpoint AS q
    WHERE q.thread_no = t.thread_no AND q.checkpoint_ns = '' ORDER BY q.stored_at DESC LIMIT 1
  )
CROSS JOIN json_each(iif(json_valid(p.channel_versions), p.channel_versions, '{}')) AS v
CROSS JOIN thread_channel AS c
  ON c.thread_no = p.thread_no AND c.checkpoint_ns = p.checkpoint_ns AND c.channel = v.key
  AND c.version = CAST(v.value AS TEXT)
WHERE v.key = :channel

-- name: threads_longer_than
-- Threads that hold more than so many checkpoints in one namespace.
SELECT t.thread_id FROM thread AS t WHERE t.thread_no IN (
    SELECT thread_no FROM thread_checkpoint GROUP BY thread_no, checkpoint_ns HAVING count(*) > :checkpoints
)
