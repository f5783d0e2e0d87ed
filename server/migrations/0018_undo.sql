-- Changes of identifiers, one row for each, with the hash of the secret that undoes it. They can be undone for a day, and
-- are kept for some weeks more, to tell who returns to an identifier that was replaced.
CREATE TABLE undo_offers (
    -- The order in which the changes were stored. Clocks do not tell it.
    number INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
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

CREATE INDEX undo_offers_by_user ON undo_offers (user_id, kind, number);
CREATE INDEX undo_offers_by_end ON undo_offers (expires_at);
