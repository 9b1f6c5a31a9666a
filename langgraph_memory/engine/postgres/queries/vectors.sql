-- name: put_vectors
-- Store the vector of one field of a row.
INSERT INTO memory_vector (partition, memory_no, field, embedding)
VALUES (:partition, :memory_no, :field, :vector::vector)

-- name: delete_vectors
-- Remove the vectors of a row, or those of some of its fields and their passages.
DELETE FROM memory_vector WHERE partition = :partition AND memory_no = :memory_no
  AND (:kinds::text[] IS NULL OR split_part(field, '.', 1) = ANY (:kinds::text[]))

-- name: closeness_by_product
-- How close the own and the context vectors of one partition's rows are to a query, by their dot product.
SELECT
    coalesce(string_agg(int4send(number) || float4send((-own)::real), '') FILTER (WHERE own IS NOT NULL), '') AS own,
    coalesce(string_agg(int4send(number) || float4send((-context)::real), '')
        FILTER (WHERE context IS NOT NULL), '') AS context
FROM (
    SELECT (memory_no & 2147483647)::integer AS number,
        min(embedding <#> :vector::vector) FILTER (WHERE field <> 'context') AS own,
        min(embedding <#> :vector::vector) FILTER (WHERE field = 'context') AS context
    FROM memory_vector WHERE partition = :partition GROUP BY memory_no ORDER BY memory_no
) AS in_order

-- name: closeness_by_distance
-- How close the own and the context vectors of one partition's rows are to a query: minus the distance.
SELECT
    coalesce(string_agg(int4send(number) || float4send((-own)::real), '') FILTER (WHERE own IS NOT NULL), '') AS own,
    coalesce(string_agg(int4send(number) || float4send((-context)::real), '')
        FILTER (WHERE context IS NOT NULL), '') AS context
FROM (
    SELECT (memory_no & 2147483647)::integer AS number,
        min(embedding <-> :vector::vector) FILTER (WHERE field <> 'context') AS own,
        min(embedding <-> :vector::vector) FILTER (WHERE field = 'context') AS context
    FROM memory_vector WHERE partition = :partition GROUP BY memory_no ORDER BY memory_no
) AS in_order

-- name: create_vector_extension
-- Install the extension that compares vectors.
CREATE EXTENSION IF NOT EXISTS vector SCHEMA public

-- name: add_embedding_column
-- Make room for vectors, of any length; in a block, because a plain ALTER makes psycopg forget what it has prepared.
DO $$ BEGIN
    ALTER TABLE memory_vector ADD COLUMN IF NOT EXISTS embedding vector NOT NULL;
    ALTER TABLE memory_vector ALTER COLUMN embedding SET STATISTICS 0;
END $$
