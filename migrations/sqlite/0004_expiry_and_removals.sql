-- When a token ends, and the removals of the last hour that the guard's cap counts.

ALTER TABLE tokens ADD COLUMN expires_at TEXT;  -- RFC 3339, UTC, milliseconds; null: never

CREATE TABLE removals (
    id      TEXT    NOT NULL PRIMARY KEY,       -- of the reservation
    account TEXT    NOT NULL,
    at      TEXT    NOT NULL,                   -- RFC 3339, UTC, milliseconds
    roles   INTEGER NOT NULL                    -- how many: asked for, then how many were sent
) STRICT;

CREATE INDEX removals_by_account ON removals (account, at);
