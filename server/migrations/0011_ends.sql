-- So that what has expired is found without looking at all rows.

CREATE INDEX transactions_by_end ON transactions (expires_at);
CREATE INDEX nonces_by_end ON nonces (expires_at);
