-- name: setting
-- One setting of the file.
SELECT value FROM store_setting WHERE name = :name
