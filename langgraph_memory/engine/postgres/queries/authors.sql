-- name: note_author
-- Note whose words a message holds, unless that is known.
INSERT INTO thread_message (thread_id, message_id, owner_id, said_at)
SELECT thread_id, :message_id, :owner_id, :now FROM thread WHERE thread_id = :thread_id
ON CONFLICT (thread_id, message_id) DO UPDATE SET owner_id = excluded.owner_id
WHERE :named OR (thread_message.owner_id = '' AND excluded.owner_id <> '')

-- name: messages_of_others
-- The messages of a thread that are not an owner's: another's, or nobody's where the thread has had another owner.
SELECT m.message_id FROM thread_message AS m
WHERE m.thread_id = :thread_id AND m.owner_id <> :owner_id AND (m.owner_id <> '' OR EXISTS (
    SELECT 1 FROM thread_owner AS o WHERE o.thread_id = :thread_id AND o.owner_id <> :owner_id))

-- name: copy_authors
-- Copy whose words the messages of one thread hold to another.
INSERT INTO thread_message
SELECT :thread_id, message_id, owner_id, said_at FROM thread_message WHERE thread_id = :source_thread_id

-- name: moved_authors
-- A page of whose words the messages of one thread hold.
SELECT * FROM thread_message
WHERE thread_id = :thread_id AND message_id > :message_id ORDER BY message_id LIMIT :limit

-- name: move_author
-- Add whose words a message holds as another database says it.
INSERT INTO thread_message (thread_id, message_id, owner_id, said_at)
VALUES (:thread_id, :message_id, :owner_id, :said_at) ON CONFLICT DO NOTHING

-- name: author_of
-- Whose words one message of a thread holds.
SELECT owner_id FROM thread_message WHERE thread_id = :thread_id AND message_id = :message_id
