-- Finds accounts that were hidden lately: accounts hidden earlier have no position on the newest boards, and a third of all accounts
-- may be hidden. Replaces an index without the time.
CREATE INDEX users_hidden_since_idx ON users (greatest(updated_at, deleted_at)) WHERE NOT is_public OR deleted_at IS NOT NULL;
DROP INDEX users_hidden_idx;
