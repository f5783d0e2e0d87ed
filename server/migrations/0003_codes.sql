-- One-time codes. The id that the client gets is the key under which the code is sealed, and here there is only a
-- hash of the id: whoever reads this table can try all the million codes and still knows none.
-- A row without a user stands for somebody who is not there, where replies must not tell.
CREATE TABLE one_time_codes (
    id_hash BLOB PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL CHECK (purpose IN ('login', 'register')),
    identifier TEXT NOT NULL,
    seal BLOB NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX one_time_codes_by_identifier ON one_time_codes (app_id, identifier, created_at);
CREATE INDEX one_time_codes_by_user ON one_time_codes (user_id);
CREATE INDEX one_time_codes_by_end ON one_time_codes (expires_at);

-- Magic links: whoever has the id of one gets tokens once it was opened, so that the id is a secret too. Links from
-- before keep an id that nothing hashes to: they can be opened, but not waited for.
CREATE TABLE magic_links_2 (
    id_hash BLOB PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    hash BLOB NOT NULL UNIQUE,
    purpose TEXT NOT NULL CHECK (purpose IN ('login', 'register', 'verify_identifier', 'change_identifier')),
    identifier TEXT NOT NULL,
    -- Whether the server itself brought it to the identifier, so that opening it proves who reads there.
    delivered INTEGER NOT NULL,
    redirect_url TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    opened_at INTEGER,
    claimed_at INTEGER
) STRICT;

INSERT INTO magic_links_2
SELECT randomblob(32), u.app_id, l.user_id, l.hash, l.type, l.identifier, 0, l.redirect_url, l.created_at,
       l.expires_at, l.activated_at, NULL
FROM magic_links l JOIN users u ON u.id = l.user_id;

DROP TABLE magic_links;
ALTER TABLE magic_links_2 RENAME TO magic_links;

CREATE INDEX magic_links_by_user ON magic_links (user_id);
CREATE INDEX magic_links_by_end ON magic_links (expires_at);
