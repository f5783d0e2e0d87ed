-- Changes of identifiers from the last day, one row for each, with the hash of the secret that undoes it.
CREATE TABLE undo_offers (
    hash BLOB PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('email', 'phone')),
    -- What the user had before the change.
    identifier TEXT,
    verified INTEGER NOT NULL,
    -- Whether somebody was sent the secret.
    offered INTEGER NOT NULL,
    -- When the change was asked for: what was added from then on goes with it.
    since INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX undo_offers_by_user ON undo_offers (user_id, kind, changed_at);
CREATE INDEX undo_offers_by_end ON undo_offers (expires_at);
