-- name: marks
-- Those of some marks that were left, and when.
SELECT digest, marked_at FROM memory_mark
WHERE holder IN (SELECT value FROM json_each(:holders)) AND digest IN (SELECT value FROM json_each(:digests))

-- name: said_by_owner
-- The messages of one owner's threads that hold that owner's words.
SELECT t.thread_id, m.message_id FROM thread_owner AS o
CROSS JOIN thread AS t ON t.thread_id = o.thread_id
CROSS JOIN thread_message AS m ON m.thread_no = t.thread_no AND m.owner_id = o.owner_id
WHERE o.owner_id = :owner_id

-- name: said_at
-- Since when some messages of a thread are there.
SELECT m.message_id, m.said_at FROM thread AS t CROSS JOIN thread_message AS m ON m.thread_no = t.thread_no
WHERE t.thread_id = :thread_id AND m.message_id IN (SELECT value FROM json_each(:message_ids))

-- name: read_lines
-- The lines of the ledger of one owner about some messages, of whichever extractor.
SELECT DISTINCT thread_id, message_id, content_hash FROM promotion_ledger
WHERE partition = :partition AND message_id IN (SELECT value FROM json_each(:message_ids))

-- name: make_mark_key
-- Give the database a key for its marks.
INSERT INTO store_setting (name, value) VALUES ('mark_key', lower(hex(randomblob(32)))) ON CONFLICT DO NOTHING
