-- name: rewrite_receipt
-- Put another body in the place of a receipt's.
UPDATE memory_receipt SET body = :body WHERE partition = :partition AND id = :id
