-- Accounts at identity providers that users have connected.
CREATE TABLE social_connections (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    type TEXT NOT NULL CHECK (type IN ('apple', 'github', 'google')),
    provider_id TEXT NOT NULL,
    provider_identifier TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_login_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, type),
    UNIQUE (app_id, type, provider_id)
) STRICT, WITHOUT ROWID;

-- Logins that went off to a provider. The state that the browser brings back is kept as a hash; with the salt it makes
-- the PKCE verifier and the nonce that the provider is asked with, so that neither can be read here.
CREATE TABLE social_logins (
    state_hash BLOB PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    type TEXT NOT NULL,
    -- Whether the app uses the shared credentials, and so the callback that names no app.
    shared INTEGER NOT NULL,
    salt BLOB NOT NULL,
    redirect_uri TEXT NOT NULL,
    client_state TEXT,
    code_challenge TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX social_logins_by_end ON social_logins (expires_at);

-- Codes that clients got at the end of such logins, and the account that each stands for.
CREATE TABLE social_codes (
    code_hash BLOB PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    type TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    email TEXT,
    email_verified INTEGER NOT NULL,
    code_challenge TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX social_codes_by_end ON social_codes (expires_at);
