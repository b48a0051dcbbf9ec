-- Integrated accounts, API tokens, and the revision by which other processes notice a change to either.

CREATE TABLE accounts (
    id          TEXT NOT NULL PRIMARY KEY,
    environment TEXT NOT NULL,
    integration TEXT NOT NULL,
    tenant_id   TEXT,
    context     TEXT NOT NULL,          -- JSON object of the keys that are no secret
    sealed      BLOB NOT NULL,          -- the secret keys, encrypted by the vault
    status      TEXT NOT NULL,
    created_at  TEXT NOT NULL,          -- RFC 3339, UTC, milliseconds
    updated_at  TEXT NOT NULL
) STRICT;

CREATE TABLE tokens (
    id          TEXT NOT NULL PRIMARY KEY,
    name        TEXT NOT NULL,
    hash        BLOB NOT NULL UNIQUE,   -- SHA-256 of the token; its text is nowhere
    scopes      TEXT NOT NULL,          -- JSON array
    environment TEXT NOT NULL,
    envelope    TEXT NOT NULL,
    created_at  TEXT NOT NULL
) STRICT;

CREATE TABLE revision (
    singleton INTEGER NOT NULL PRIMARY KEY CHECK (singleton = 1),
    value     INTEGER NOT NULL
) STRICT;

INSERT INTO revision (singleton, value) VALUES (1, 0);

-- Triggers, so that no statement, whoever runs it, can change a record and leave the revision as it was.
CREATE TRIGGER accounts_inserted AFTER INSERT ON accounts BEGIN UPDATE revision SET value = value + 1; END;
CREATE TRIGGER accounts_updated  AFTER UPDATE ON accounts BEGIN UPDATE revision SET value = value + 1; END;
CREATE TRIGGER accounts_deleted  AFTER DELETE ON accounts BEGIN UPDATE revision SET value = value + 1; END;
CREATE TRIGGER tokens_inserted   AFTER INSERT ON tokens   BEGIN UPDATE revision SET value = value + 1; END;
CREATE TRIGGER tokens_updated    AFTER UPDATE ON tokens   BEGIN UPDATE revision SET value = value + 1; END;
CREATE TRIGGER tokens_deleted    AFTER DELETE ON tokens   BEGIN UPDATE revision SET value = value + 1; END;
