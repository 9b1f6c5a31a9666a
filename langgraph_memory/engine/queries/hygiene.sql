-- name: equal_words
-- A page of the words that several live memories of one owner, scope and type share.
SELECT scope, memory_type, fingerprint FROM agent_memory
WHERE partition = :partition AND fingerprint IS NOT NULL AND superseded_at IS NULL
  AND (scope, memory_type, fingerprint) > (:scope, :memory_type, :fingerprint)
GROUP BY scope, memory_type, fingerprint HAVING count(*) > 1
ORDER BY scope, memory_type, fingerprint LIMIT :limit

-- name: live_with_words
-- The live memories of one owner, scope and type with the same words.
SELECT * FROM agent_memory
WHERE partition = :partition AND scope = :scope AND memory_type = :memory_type AND fingerprint = :fingerprint
  AND superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
ORDER BY memory_no

-- name: crowded_scopes
-- The scopes in which one owner has more live memories than a number, and how many.
SELECT scope, count(*) AS live FROM agent_memory
WHERE partition = :partition AND memory_type IS NOT NULL
  AND superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
GROUP BY scope HAVING count(*) > :cap ORDER BY scope

-- name: decay_memory
-- Let the confidence of one live memory fade, unless it changed meanwhile; when it was changed and confirmed stays.
UPDATE agent_memory SET confidence = :confidence, stated_confidence = coalesce(stated_confidence, confidence),
    decayed_at = :now
WHERE partition = :partition AND id = :id AND memory_type IS NOT NULL
  AND superseded_at IS NULL AND confidence = :known AND coalesce(last_verified_at, 0) = :known_at
RETURNING *

-- name: count_old_receipts
-- How many receipts of one owner are older than a moment.
SELECT count(*) AS receipts FROM memory_receipt WHERE partition = :partition AND created_at < :before

-- name: delete_old_receipts
-- Remove some of the receipts of one owner that are older than a moment.
DELETE FROM memory_receipt WHERE partition = :partition AND id IN (
    SELECT id FROM memory_receipt WHERE partition = :partition AND created_at < :before ORDER BY created_at LIMIT :limit)
RETURNING id
