-- Who asked for a link and who opened it: hashes of the network and the user agent of each. Links of the app's backend
-- have no asker, and neither have links from before.
ALTER TABLE magic_links ADD COLUMN asker BLOB;
ALTER TABLE magic_links ADD COLUMN opener BLOB;

-- The sign-in whose user asked for a change of address or number: the change ends with it.
ALTER TABLE magic_links ADD COLUMN sign_in_id TEXT;

-- When a change of address or number took effect, which may be later than somebody opened its link.
ALTER TABLE magic_links ADD COLUMN changed_at INTEGER;
UPDATE magic_links SET changed_at = opened_at WHERE purpose = 'change_identifier';
