-- Who made a user, which decides who may claim the account. Users from before count as made by the app's backend.
ALTER TABLE users ADD COLUMN made_by TEXT NOT NULL DEFAULT 'backend'
    CHECK (made_by IN ('backend', 'import', 'themselves'));

-- Auth tokens that were issued before this time are not accepted.
ALTER TABLE users ADD COLUMN tokens_not_before INTEGER NOT NULL DEFAULT -62135596800000000;
