-- Rotation of signing keys. `longest_token` is the longest lifetime, in seconds, of the tokens that a key signed: a
-- retired key stays in the key set until the last of them has expired.
ALTER TABLE signing_keys ADD COLUMN active_from INTEGER;
ALTER TABLE signing_keys ADD COLUMN retired_at INTEGER;
ALTER TABLE signing_keys ADD COLUMN longest_token INTEGER NOT NULL DEFAULT 0;

-- Of the keys from before it is not known when they were retired, but that the next one took their place. A year is
-- the longest lifetime that was ever seen.
UPDATE signing_keys SET active_from = created_at WHERE state <> 'next';
UPDATE signing_keys SET longest_token = 31536000 WHERE state = 'retired';
UPDATE signing_keys SET retired_at = coalesce(
    (SELECT min(n.created_at) FROM signing_keys n
     WHERE n.app_id = signing_keys.app_id AND n.created_at > signing_keys.created_at),
    created_at)
WHERE state = 'retired';

CREATE UNIQUE INDEX signing_keys_next ON signing_keys (app_id) WHERE state = 'next';

-- Rotations that a command asked for. The server that has the keys to the keys carries them out.
CREATE TABLE rotations (
    app_id TEXT PRIMARY KEY REFERENCES apps (id) ON DELETE CASCADE,
    at_once INTEGER NOT NULL,
    asked_at INTEGER NOT NULL
) STRICT;
