-- name: put_vector
-- Store the vector of one field of a row.
INSERT INTO memory_vector (memory_no, field, vector)
SELECT :memory_no, :field, :vector FROM store_partition
WHERE partition = :partition AND partition_no = :memory_no >> 32

-- name: vector_state
-- How many vectors of one partition are in no block, and what tells them and its blocks from every other content.
SELECT partition_no, loose_vectors, loose_state, blocks_state FROM store_partition WHERE partition = :partition

-- name: delete_vectors
-- Remove the vectors of a row, or those of some of its fields and their passages.
DELETE FROM memory_vector WHERE memory_no = :memory_no AND memory_no >> 32 = (
    SELECT partition_no FROM store_partition WHERE partition = :partition
) AND (
    :kinds IS NULL OR substr(field, 1, instr(field || '.', '.') - 1) IN (SELECT value FROM json_each(:kinds)))

-- name: loose_vectors
-- The vectors of one partition that are not in a block, oldest row first.
SELECT v.memory_no, v.field, v.vector FROM store_partition AS s CROSS JOIN memory_vector AS v
WHERE s.partition = :partition AND v.vector IS NOT NULL
  AND v.memory_no BETWEEN s.partition_no << 32 AND s.partition_no << 32 | 4294967295
ORDER BY v.memory_no

-- name: vector_slots
-- Which rows the vectors of each block of one partition are of.
SELECT b.block_no, b.slots FROM store_partition AS s JOIN memory_vector_block AS b ON b.partition_no = s.partition_no
WHERE s.partition = :partition ORDER BY b.block_no

-- name: vector_sketches
-- The sketches of the vectors of each block of one partition, and which rows they are of.
SELECT b.slots, b.sketches FROM store_partition AS s JOIN memory_vector_block AS b ON b.partition_no = s.partition_no
WHERE s.partition = :partition ORDER BY b.block_no

-- name: vector_block
-- The vectors of one block of one partition.
SELECT b.vectors FROM store_partition AS s JOIN memory_vector_block AS b ON b.partition_no = s.partition_no
WHERE s.partition = :partition AND b.block_no = :block_no

-- name: put_vector_block
-- Add a block of vectors.
INSERT INTO memory_vector_block (partition_no, block_no, slots, sketches, vectors)
SELECT :partition_no, 1 + coalesce(max(block_no), 0), :slots, :sketches, :vectors
FROM memory_vector_block WHERE partition_no = :partition_no
RETURNING block_no

-- name: seal_vector
-- Note where a vector is that has gone into a block.
UPDATE memory_vector SET vector = NULL, block_no = :block_no, slot = :slot
WHERE memory_no = :memory_no AND field = :field AND memory_no >> 32 = :partition_no

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
