-- The audit log. It has no foreign keys: what happened stays on record when users and apps are deleted. Ids are never
-- used again, so that a reader who follows the table by its ids misses nothing.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    app_id TEXT,
    actor TEXT NOT NULL,
    actor_id TEXT,
    action TEXT NOT NULL,
    reason TEXT,
    user_id TEXT,
    object TEXT,
    identifier TEXT,
    address TEXT,
    agent TEXT,
    count INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_by_user ON audit (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_by_actor ON audit (actor_id) WHERE actor = 'user' AND actor_id <> user_id;
-- A row never changes, except that what is personal in it can be blanked.
CREATE TRIGGER audit_rows_stay BEFORE UPDATE ON audit
WHEN (NEW.id, NEW.at, NEW.app_id, NEW.actor, NEW.actor_id, NEW.action, NEW.reason, NEW.user_id, NEW.object, NEW.count)
    IS NOT (OLD.id, OLD.at, OLD.app_id, OLD.actor, OLD.actor_id, OLD.action, OLD.reason, OLD.user_id, OLD.object, OLD.count)
    OR coalesce(NEW.identifier, NEW.address, NEW.agent) IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'rows of the audit log do not change');
END;
-- When a sign-in was last refreshed. A refresh is no row of the audit log.
ALTER TABLE sign_ins ADD COLUMN last_used_at INTEGER;
