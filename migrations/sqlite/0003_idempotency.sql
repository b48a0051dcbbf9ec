-- Idempotency keys. A row without an answer is in flight as long as its lease runs; after that nobody knows what became of it.

CREATE TABLE idempotency (
    id          BLOB NOT NULL PRIMARY KEY,  -- SHA-256 of environment, account, path and key; the key's text is nowhere
    request     BLOB NOT NULL,              -- SHA-256 of the key and the request
    request_id  TEXT NOT NULL,              -- of the first attempt
    attempt     INTEGER NOT NULL,           -- 1, 2, 3 …
    holder      TEXT NOT NULL,              -- who is at work, as long as the lease runs
    lease_until INTEGER NOT NULL,           -- milliseconds since 1970
    expires_at  INTEGER NOT NULL,           -- milliseconds since 1970
    answer      BLOB                        -- encrypted by the vault
) STRICT;

-- Finds those to forget.
CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);
