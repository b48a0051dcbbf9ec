-- The audit: a chain of entries, each with the hash of the one before. What each hash covers stands in docs/audit.md.

CREATE TABLE audit (
    seq         INTEGER NOT NULL PRIMARY KEY,   -- 1, 2, 3 …, without a gap
    at          TEXT NOT NULL,                  -- RFC 3339, UTC, milliseconds
    kind        TEXT NOT NULL,
    environment TEXT NOT NULL,
    request_id  TEXT NOT NULL,
    token       TEXT NOT NULL,                  -- id of the API token
    account     TEXT NOT NULL,
    user        TEXT,                           -- null once redacted
    roles       TEXT NOT NULL,                  -- JSON array
    outcome     TEXT,
    detail      TEXT,                           -- JSON object
    body_hash   BLOB,                           -- SHA-256 of the call's body; null once redacted
    salt        BLOB,                           -- null once redacted
    hashes      BLOB NOT NULL                   -- personal (SHA-256 over salt, body_hash and user), prev, hash: 32 bytes each
) STRICT;

-- No index: an entry must cost next to nothing to write, and is read seldom.
