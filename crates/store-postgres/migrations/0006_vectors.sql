-- Whether the embedding lies in pgvector's form too, in a column that only a database with pgvector
-- has. Whoever replaces an embedding says that it does not.
ALTER TABLE memory_embedding ADD COLUMN near_made boolean NOT NULL DEFAULT false;
