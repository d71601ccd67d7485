-- What the directory keeps beside `users` and `audit`: addresses, sessions, API keys.

-- An address names one user, wherever his account lies.
CREATE TABLE user_email (
    email   text COLLATE "C" PRIMARY KEY,
    user_id uuid NOT NULL,
    bucket  integer NOT NULL
);

-- By id, whatever the account.
CREATE INDEX users_by_id ON users (user_id);
CREATE INDEX users_active_admin ON users (user_id) WHERE role = 'admin' AND NOT disabled;

-- `org_id` is no part of the key and asked for nevertheless: organisations share a bucket.
CREATE TABLE session (
    bucket     integer NOT NULL,
    user_id    uuid NOT NULL,
    session_id uuid NOT NULL,
    org_id     uuid NOT NULL,
    generation bigint NOT NULL,
    created_at timestamptz NOT NULL,
    rotated_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, user_id, session_id)
) WITH (fillfactor = 80);

CREATE TABLE api_key (
    bucket       integer NOT NULL,
    user_id      uuid NOT NULL,
    key_id       uuid NOT NULL,
    org_id       uuid NOT NULL,
    name         text NOT NULL,
    scopes       text NOT NULL,
    prefix       text NOT NULL,
    hash         bytea NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,
    last_used_at timestamptz,
    PRIMARY KEY (bucket, user_id, key_id)
) WITH (fillfactor = 80);

-- One row, locked by whoever would make the first administrator.
CREATE TABLE first_admin (
    one boolean PRIMARY KEY DEFAULT true CHECK (one)
);
INSERT INTO first_admin DEFAULT VALUES;
