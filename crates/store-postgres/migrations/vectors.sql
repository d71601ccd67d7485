-- Where the database has pgvector: embeddings in its form, for a scan of one user's in the database
-- itself. Made from `embedding` by the nodes, behind the writes, and nothing while `near_made` is not
-- true; never in an index of neighbours, whose answers under a filter would not be exact.
ALTER TABLE memory_embedding ADD COLUMN near vector;
-- Beside the row, where the scan reads it; the bytes from which it is made go elsewhere instead.
ALTER TABLE memory_embedding ALTER COLUMN near SET STORAGE MAIN;
-- An extension that was dropped and has come again leaves this and the index behind.
UPDATE memory_embedding SET near_made = false WHERE near_made;
CREATE INDEX IF NOT EXISTS memory_embedding_without_vector ON memory_embedding (bucket, user_id)
    WHERE NOT near_made;
