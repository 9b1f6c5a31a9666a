-- name: receipts_with
-- The receipts of one owner that hold any of some texts.
SELECT id, body FROM memory_receipt
WHERE partition = :partition AND EXISTS (SELECT 1 FROM json_each(:needles) AS n WHERE instr(lower(body), n.value) > 0)
