-- Every sign-in has a row, also those without refresh tokens, and the row keeps what it takes to give the successor of a
-- spent refresh token once more.

CREATE TABLE sign_ins_2 (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- Of the valid refresh token. NULL without refresh tokens.
    hash BLOB,
    -- Of the part that all refresh tokens of the sign-in have in common. NULL in rows from before it existed.
    family_hash BLOB,
    -- Of the refresh token that was exchanged last, and when.
    spent_hash BLOB,
    spent_at INTEGER,
    -- The valid refresh token is made of the spent one, this salt, and the key with this id.
    salt BLOB,
    salt_key BLOB,
    created_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- When neither a refresh token nor an auth token of the sign-in is valid any more.
    kept_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO sign_ins_2 (id, user_id, hash, created_at, ends_at, expires_at, kept_until)
SELECT id, user_id, hash, created_at, ends_at, expires_at, expires_at FROM sign_ins;

DROP TABLE sign_ins;
ALTER TABLE sign_ins_2 RENAME TO sign_ins;
CREATE INDEX sign_ins_by_user ON sign_ins (user_id);
CREATE INDEX sign_ins_by_end ON sign_ins (kept_until);
