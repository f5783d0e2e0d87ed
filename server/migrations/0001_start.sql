-- Times are microseconds since 1970 in UTC. Secrets are kept as SHA-256 hashes, except signing keys.

CREATE TABLE apps (
    id TEXT PRIMARY KEY,
    settings TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    hash BLOB NOT NULL,
    role TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (app_id, hash)
) STRICT;

CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    pkcs8 BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('next', 'active', 'retired')),
    created_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX signing_keys_active ON signing_keys (app_id) WHERE state = 'active';

-- The last login of a user or device that never logged in is the year 1, as the API shows it.
CREATE TABLE users (
    id TEXT PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    email TEXT,
    email_verified INTEGER NOT NULL DEFAULT 0,
    phone TEXT,
    phone_verified INTEGER NOT NULL DEFAULT 0,
    external_id TEXT,
    status TEXT NOT NULL CHECK (status IN ('pending', 'active', 'inactive')),
    login_count INTEGER NOT NULL DEFAULT 0,
    last_login_at INTEGER NOT NULL DEFAULT -62135596800000000,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    user_metadata TEXT NOT NULL DEFAULT '{}',
    UNIQUE (app_id, email),
    UNIQUE (app_id, phone),
    UNIQUE (app_id, external_id)
) STRICT;

CREATE INDEX users_by_age ON users (app_id, created_at, id);

CREATE TABLE devices (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    cred_id TEXT NOT NULL UNIQUE,
    friendly_name TEXT NOT NULL,
    type TEXT NOT NULL,
    icon_light TEXT,
    icon_dark TEXT,
    usage_count INTEGER NOT NULL DEFAULT 0,
    last_login_at INTEGER NOT NULL DEFAULT -62135596800000000,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX devices_by_user ON devices (user_id, created_at);

CREATE TABLE events (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    action TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    social_login_type TEXT,
    ip_addr TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    completed_at INTEGER
) STRICT;

CREATE INDEX events_by_user ON events (user_id, created_at);

-- Every refresh of a sign-in makes a new token of the same family.
CREATE TABLE refresh_tokens (
    hash BLOB PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    family TEXT NOT NULL,
    family_ends_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;

CREATE INDEX refresh_tokens_by_user ON refresh_tokens (user_id);
CREATE INDEX refresh_tokens_by_family ON refresh_tokens (family);

CREATE TABLE magic_links (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash BLOB NOT NULL UNIQUE,
    identifier TEXT NOT NULL,
    type TEXT NOT NULL,
    redirect_url TEXT NOT NULL,
    ttl_minutes INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    activated_at INTEGER
) STRICT;

CREATE INDEX magic_links_by_user ON magic_links (user_id);

CREATE TABLE transactions (
    id TEXT PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('register', 'authenticate')),
    external_id TEXT NOT NULL,
    passkey_display_name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE nonces (
    hash BLOB PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    external_id TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
