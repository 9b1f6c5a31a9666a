-- name: receipts_with
-- The receipts of one owner that hold any of some texts.
SELECT id, body FROM memory_receipt
WHERE partition = :partition
  AND EXISTS (SELECT 1 FROM unnest(:needles::text[]) AS n (text) WHERE strpos(lower(body), n.text) > 0)
