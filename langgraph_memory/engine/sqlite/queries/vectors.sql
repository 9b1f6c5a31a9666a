-- name: put_vector
-- Store the vector of one field of a row.
INSERT INTO memory_vector (memory_no, field, number, vector)
SELECT :memory_no, :field, vectors + 1, :vector FROM store_partition
WHERE partition = :partition AND partition_no = :memory_no >> 32

-- name: vector_state
-- Which vectors of one partition are in blocks and which are loose, and what tells both from every other content.
SELECT partition_no, vectors, coded_vectors, loose_state, blocks_state, newest_block FROM store_partition
WHERE partition = :partition

-- name: delete_vectors
-- Remove the vectors of a row, or those of some of its fields and their passages.
DELETE FROM memory_vector WHERE memory_no = :memory_no AND memory_no >> 32 = (
    SELECT partition_no FROM store_partition WHERE partition = :partition
) AND (
    :kinds IS NULL OR substr(field, 1, instr(field || '.', '.') - 1) IN (SELECT value FROM json_each(:kinds)))

-- name: loose_vectors
-- The vectors of one partition that are not in a block, oldest first, or as many of them as go into one.
SELECT v.memory_no, v.field, v.number, v.vector
FROM store_partition AS s CROSS JOIN memory_vector AS v ON v.memory_no >> 32 = +s.partition_no
WHERE s.partition = :partition AND v.number > s.coded_vectors AND v.number <= s.coded_vectors + :most
ORDER BY v.number

-- name: coded_vectors
-- The vectors of one partition that are in blocks, oldest first.
SELECT v.memory_no, v.field, v.vector
FROM store_partition AS s CROSS JOIN memory_vector AS v ON v.memory_no >> 32 = +s.partition_no
WHERE s.partition = :partition AND v.number <= s.coded_vectors ORDER BY v.number

-- name: known_vector_block
-- Where in one partition the block of a mark is.
SELECT b.first FROM store_partition AS s JOIN memory_vector_block AS b ON b.partition_no = s.partition_no
WHERE s.partition = :partition AND b.mark = :mark ORDER BY b.first DESC LIMIT 1

-- name: count_vector_blocks
-- How many blocks one partition has after another.
SELECT count(*) AS blocks FROM store_partition AS s JOIN memory_vector_block AS b ON b.partition_no = s.partition_no
WHERE s.partition = :partition AND b.first > :after

-- name: vector_codes
-- The codes of the vectors of some blocks of one partition, and which rows they are of.
SELECT b.first, b.slots, b.bounds, b.codes
FROM store_partition AS s CROSS JOIN memory_vector_block AS b ON b.partition_no = s.partition_no
WHERE s.partition = :partition AND b.first > :after ORDER BY b.first LIMIT :limit

-- name: vector_sketches
-- The sketches of the vectors of each block of one partition, and which rows they are of.
SELECT b.slots, b.sketches FROM store_partition AS s JOIN memory_vector_block AS b ON b.partition_no = s.partition_no
WHERE s.partition = :partition ORDER BY b.first

-- name: put_vector_block
-- Add a block of vectors.
INSERT INTO memory_vector_block (partition_no, first, slots, bounds, sketches, codes)
SELECT partition_no, :first, :slots, :bounds, :sketches, :codes FROM store_partition WHERE partition = :partition

-- name: count_coded
-- Note up to which of them the vectors of one partition are in blocks.
UPDATE store_partition SET coded_vectors = :last_no, loose_state = random() WHERE partition = :partition

-- name: erase_vector_blocks
-- Remove the blocks of vectors of one partition.
DELETE FROM memory_vector_block
WHERE partition_no = (SELECT partition_no FROM store_partition WHERE partition = :partition)

-- name: erase_vector_rows
-- Remove the vectors of one partition.
DELETE FROM memory_vector
WHERE memory_no BETWEEN (SELECT partition_no << 32 FROM store_partition WHERE partition = :partition)
    AND (SELECT partition_no << 32 | 4294967295 FROM store_partition WHERE partition = :partition)

-- name: drop_vector_blocks
-- Remove every block of vectors, whoever's.
DELETE FROM memory_vector_block

-- name: drop_vector_rows
-- Remove every vector, whoever's.
DELETE FROM memory_vector
