-- Users as far as the gate needs them, policy, accounts, holds, the ledger, its keys and its days.
-- `bucket` is a function of the organisation (src/bucket.rs) and leads every per-account key.

-- Where a user's account lies. Never changes, so that nodes may remember it.
CREATE TABLE account_place (
    user_id uuid PRIMARY KEY,
    org_id  uuid NOT NULL,
    bucket  integer NOT NULL
);

CREATE TABLE users (
    bucket        integer NOT NULL,
    user_id       uuid NOT NULL,
    org_id        uuid NOT NULL,
    email         text,
    password_hash text,
    role          text NOT NULL,
    tier          text NOT NULL,
    disabled      boolean NOT NULL,
    trial_ends_at timestamptz,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (bucket, user_id)
);

-- One row. `version` grows with every change of a tier, so that a batch sees one at a glance;
-- `limit_version` is the last version given to a limit or an override.
CREATE TABLE policy (
    one           boolean PRIMARY KEY DEFAULT true CHECK (one),
    version       bigint NOT NULL,
    limit_version bigint NOT NULL
);
INSERT INTO policy (version, limit_version) VALUES (0, 0);

CREATE TABLE tier (
    name   text PRIMARY KEY,
    rank   bigint NOT NULL,
    limits json NOT NULL,
    origin text NOT NULL CHECK (origin IN ('config', 'operator'))
);

-- An override of a resource's first limit has an empty `limit_name`.
CREATE TABLE user_override (
    bucket     integer NOT NULL,
    user_id    uuid NOT NULL,
    resource   text NOT NULL,
    limit_name text NOT NULL,
    cap        bigint,
    mode       text,
    warn_at    json,
    expires_at timestamptz,
    reason     text NOT NULL,
    author     text NOT NULL,
    version    bigint NOT NULL,
    PRIMARY KEY (bucket, user_id, resource, limit_name)
);

-- The counters of an account, and the lock that a batch takes. Updated by every batch: no index on
-- what changes, and room on the page for the next version of the row.
CREATE TABLE account (
    bucket     integer NOT NULL,
    user_id    uuid NOT NULL,
    version    bigint NOT NULL,
    last_at    timestamptz NOT NULL,
    open_holds integer NOT NULL,
    -- No open hold runs out before this.
    next_due   timestamptz,
    head       json NOT NULL,
    PRIMARY KEY (bucket, user_id)
) WITH (fillfactor = 40, autovacuum_vacuum_scale_factor = 0.05);

-- Open holds. `amounts` is what each resource of the hold reserved, holds and charged.
CREATE TABLE hold (
    bucket      integer NOT NULL,
    user_id     uuid NOT NULL,
    version     bigint NOT NULL,
    reserved_at timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    on_expiry   smallint NOT NULL,
    amounts     json NOT NULL,
    PRIMARY KEY (bucket, user_id, version)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX hold_due ON hold (expires_at);

-- Holds that have ended.
CREATE TABLE ended_hold (
    bucket      integer NOT NULL,
    user_id     uuid NOT NULL,
    version     bigint NOT NULL,
    reserved_at timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    on_expiry   smallint NOT NULL,
    amounts     json NOT NULL,
    status      smallint NOT NULL,
    PRIMARY KEY (bucket, user_id, version)
);

-- The ledger. `id` is a function of user, version and timestamp. A version is used once within an
-- account; the partition column has to be in the key, and nothing rests on it there.
CREATE TABLE usage_ledger (
    bucket          integer NOT NULL,
    user_id         uuid NOT NULL,
    version         bigint NOT NULL,
    counted_at      timestamptz NOT NULL,
    timestamp       timestamptz NOT NULL,
    recorded_at     timestamptz GENERATED ALWAYS AS (timestamp) STORED,
    occurred_at     timestamptz NOT NULL,
    expires_at      timestamptz,
    amount          bigint NOT NULL,
    held            bigint NOT NULL,
    hold_id         bigint,
    corrects        bigint,
    id              uuid NOT NULL,
    kind            smallint NOT NULL,
    source          smallint NOT NULL,
    flags           smallint NOT NULL,
    resource_type   text NOT NULL,
    idempotency_key text,
    crossing        json,
    metadata        json,
    PRIMARY KEY (bucket, user_id, version, counted_at)
) PARTITION BY RANGE (counted_at);
CREATE TABLE usage_ledger_other PARTITION OF usage_ledger DEFAULT;

-- What corrections have taken back of an entry.
CREATE TABLE correction (
    bucket    integer NOT NULL,
    user_id   uuid NOT NULL,
    version   bigint NOT NULL,
    corrected bigint NOT NULL,
    PRIMARY KEY (bucket, user_id, version)
);

-- What a key stands for, and its first answer.
CREATE TABLE idempotency (
    bucket      integer NOT NULL,
    user_id     uuid NOT NULL,
    key         text NOT NULL,
    fingerprint bytea NOT NULL,
    answer      json NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, user_id, key)
);

-- Which batches have been committed: asked when a connection is lost during the commit.
CREATE TABLE batch_op (
    bucket     integer NOT NULL,
    op_id      uuid NOT NULL,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, op_id)
);

-- What a UTC day adds up to: of a flow the days on which use occurred, of a level those on which it
-- moved, with the level at the day's end.
CREATE TABLE usage_day (
    bucket        integer NOT NULL,
    user_id       uuid NOT NULL,
    resource_type text NOT NULL,
    day           integer NOT NULL,
    amount        bigint NOT NULL,
    closing       bigint,
    PRIMARY KEY (bucket, user_id, resource_type, day)
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX usage_day_by_day ON usage_day (resource_type, day);

-- What operators did. `seq` comes from the one row of `audit_last`, whose lock is held until the
-- commit: so numbers ascend in the order of commits, which a sequence would not promise.
CREATE TABLE audit (
    seq    bigint PRIMARY KEY,
    at     timestamptz NOT NULL,
    actor  text NOT NULL,
    action text NOT NULL,
    target text NOT NULL,
    before text,
    after  text,
    reason text NOT NULL
);
CREATE INDEX audit_by_target ON audit (target, seq);
CREATE TABLE audit_last (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    seq bigint NOT NULL
);
INSERT INTO audit_last (seq) VALUES (0);
