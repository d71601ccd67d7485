-- What is left here of months that have been detached from the ledger.

-- An account at the end of the last detached month in which anything of it was recorded: the state
-- after its version `version`. Entries up to that version are in detached months, and later ones in
-- the ledger.
CREATE TABLE opening (
    bucket  integer NOT NULL,
    user_id uuid NOT NULL,
    version bigint NOT NULL,
    last_at timestamptz NOT NULL,
    -- The end of that month.
    until   timestamptz NOT NULL,
    head    json NOT NULL,
    PRIMARY KEY (bucket, user_id)
);

-- Holds of that state that later entries end.
CREATE TABLE opening_hold (
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

-- Which months these are: 202501 is January 2025. Beside them lies a table `name` with what was
-- recorded in the month, until an operator takes it away.
CREATE TABLE detached_month (
    month       integer PRIMARY KEY,
    name        text NOT NULL,
    until       timestamptz NOT NULL,
    entries     bigint NOT NULL,
    accounts    bigint NOT NULL,
    detached_at timestamptz NOT NULL
);
