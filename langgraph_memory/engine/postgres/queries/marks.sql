-- name: marks
-- Those of some marks that were left, and when.
SELECT digest, marked_at FROM memory_mark WHERE holder = ANY (:holders::text[]) AND digest = ANY (:digests::text[])

-- name: said_by_owner
-- The messages of one owner's threads that hold that owner's words.
SELECT m.thread_id, m.message_id FROM thread_owner AS o
JOIN thread_message AS m ON m.thread_id = o.thread_id AND m.owner_id = o.owner_id
WHERE o.owner_id = :owner_id

-- name: said_at
-- Since when some messages of a thread are there.
SELECT message_id, said_at FROM thread_message WHERE thread_id = :thread_id AND message_id = ANY (:message_ids::text[])

-- name: read_lines
-- The lines of the ledger of one owner about some messages, of whichever extractor.
SELECT DISTINCT thread_id, message_id, content_hash FROM promotion_ledger
WHERE partition = :partition AND message_id = ANY (:message_ids::text[])

-- name: make_mark_key
-- Give the database a key for its marks.
INSERT INTO store_setting (name, value)
VALUES ('mark_key', replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')) ON CONFLICT DO NOTHING
