-- Memories: what a search looks at, their texts, their embeddings, and what they add up to per user.
-- Rows of a user are written under the lock of his account; only the reads of a memory are noted
-- without it. Each part of a memory lies where no reader of another part has to pass by it.

-- Everything but texts and whole embeddings. `digest` is the embedding in a quarter of its bytes: it
-- never leaves the row, so that whoever scans digests reads one table from end to end.
CREATE TABLE memory (
    bucket           integer NOT NULL,
    user_id          uuid NOT NULL,
    id               uuid NOT NULL,
    -- The number of the row's last change: later changes of a user's rows have larger ones.
    change_no        bigint NOT NULL,
    revision         bigint NOT NULL,
    created_at       timestamptz NOT NULL,
    changed_at       timestamptz NOT NULL,
    expires_at       timestamptz,
    -- What it counts, charged or not, and the UTF-8 bytes of its texts.
    size_bytes       bigint NOT NULL,
    text_bytes       bigint NOT NULL,
    -- How often it was read, and when last. In no index, so that noting it touches none.
    access_count     bigint NOT NULL,
    accessed_at      timestamptz,
    promoted_at      timestamptz,
    emotional_weight double precision,
    confidence       double precision,
    promoted_from    smallint,
    term             smallint NOT NULL,
    kind             smallint NOT NULL,
    outcome          smallint,
    dims             smallint NOT NULL,
    embedded_dims    smallint,
    session          text,
    tags             text[] NOT NULL,
    -- By which model its embedding is, or null while none is computed.
    model            text COLLATE "C",
    digest           bytea,
    PRIMARY KEY (bucket, user_id, id)
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE memory ALTER COLUMN digest SET STORAGE PLAIN;
-- By the user in another form: who looks a memory up by its key cannot be led to walk through all of
-- its user's, which a planner would do while it believes that the table is empty.
CREATE INDEX memory_by_change ON memory (uuid_send(user_id), change_no);
CREATE INDEX memory_newest ON memory (uuid_send(user_id), term, created_at DESC);
CREATE INDEX memory_expiring ON memory (uuid_send(user_id), expires_at)
    WHERE expires_at IS NOT NULL;
-- For the work behind all users: what has expired, and what waits for an embedding.
CREATE INDEX memory_due ON memory (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX memory_by_model ON memory (model, uuid_send(user_id), uuid_send(id));

-- What is said. Metadata are the caller's bytes, which a json type would not promise to keep.
CREATE TABLE memory_text (
    bucket   integer NOT NULL,
    user_id  uuid NOT NULL,
    id       uuid NOT NULL,
    input    text NOT NULL,
    output   text,
    metadata text,
    PRIMARY KEY (bucket, user_id, id)
);

-- Embeddings: one little-endian float4 per dimension, which does not compress.
CREATE TABLE memory_embedding (
    bucket    integer NOT NULL,
    user_id   uuid NOT NULL,
    id        uuid NOT NULL,
    model     text COLLATE "C" NOT NULL,
    dims      smallint NOT NULL,
    embedding bytea NOT NULL,
    PRIMARY KEY (bucket, user_id, id)
);
ALTER TABLE memory_embedding ALTER COLUMN embedding SET STORAGE EXTERNAL;

-- What the memories of a user add up to, by term, and the counters of their changes.
CREATE TABLE memory_head (
    bucket         integer NOT NULL,
    user_id        uuid NOT NULL,
    stm_rows       bigint NOT NULL,
    stm_size_bytes bigint NOT NULL,
    stm_text_bytes bigint NOT NULL,
    itm_rows       bigint NOT NULL,
    itm_size_bytes bigint NOT NULL,
    itm_text_bytes bigint NOT NULL,
    ltm_rows       bigint NOT NULL,
    ltm_size_bytes bigint NOT NULL,
    ltm_text_bytes bigint NOT NULL,
    stm_revision   bigint NOT NULL,
    change_no      bigint NOT NULL,
    removals       bigint NOT NULL,
    PRIMARY KEY (bucket, user_id)
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05);
