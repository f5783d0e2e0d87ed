-- Connections with any provider: what a name may be is a rule of the program, which the tables need not repeat.
CREATE TABLE social_connections_open (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    type TEXT NOT NULL CHECK (type <> ''),
    provider_id TEXT NOT NULL,
    provider_identifier TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_login_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, type),
    UNIQUE (app_id, type, provider_id)
) STRICT, WITHOUT ROWID;

INSERT INTO social_connections_open
SELECT user_id, app_id, type, provider_id, provider_identifier, created_at, last_login_at
FROM social_connections;

DROP TABLE social_connections;

ALTER TABLE social_connections_open RENAME TO social_connections;
