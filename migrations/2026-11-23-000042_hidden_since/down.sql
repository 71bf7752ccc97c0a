CREATE INDEX users_hidden_idx ON users (key) WHERE NOT is_public OR deleted_at IS NOT NULL;
DROP INDEX users_hidden_since_idx;
