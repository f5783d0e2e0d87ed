-- Passkeys say by this handle whose they are. It is not the user's id, which is in every token.
ALTER TABLE users ADD COLUMN user_handle BLOB;

CREATE UNIQUE INDEX users_by_handle ON users (app_id, user_handle);

-- What can sign has a public key, in COSE form. Devices that a control seeded have none.
ALTER TABLE devices ADD COLUMN public_key BLOB;
ALTER TABLE devices ADD COLUMN sign_count INTEGER NOT NULL DEFAULT 0;
-- A JSON array of the names that WebAuthn has for them.
ALTER TABLE devices ADD COLUMN transports TEXT NOT NULL DEFAULT '[]';
ALTER TABLE devices ADD COLUMN aaguid BLOB;
ALTER TABLE devices ADD COLUMN backup_eligible INTEGER NOT NULL DEFAULT 0;
ALTER TABLE devices ADD COLUMN backed_up INTEGER NOT NULL DEFAULT 0;

-- Ceremonies under way. Each is deleted when it is finished, however that ends. Nobody in particular is to log in
-- where there is no user, or, in a Flex registration, the user is made when it is finished.
CREATE TABLE ceremonies (
    id TEXT PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL CHECK (purpose IN ('register', 'login', 'add_device', 'flex_register', 'flex_login')),
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    transaction_id TEXT,
    user_handle BLOB,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX ceremonies_by_end ON ceremonies (expires_at);
CREATE INDEX ceremonies_by_user ON ceremonies (user_id);

-- What visitors' devices can do, as their clients report it: the last report of each.
CREATE TABLE passkey_readiness (
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    device_id TEXT NOT NULL,
    security_key INTEGER NOT NULL,
    platform INTEGER NOT NULL,
    synced_credential INTEGER NOT NULL,
    cross_device_credential INTEGER NOT NULL,
    conditional_ui INTEGER NOT NULL,
    user_agent TEXT NOT NULL,
    origin TEXT NOT NULL,
    os TEXT NOT NULL,
    os_version TEXT NOT NULL,
    app_identifier TEXT NOT NULL,
    reported_at INTEGER NOT NULL,
    PRIMARY KEY (app_id, device_id)
) STRICT;
