-- Of those whom no board shows, the ones who hid lately: everybody else had no place on the newest boards, and one in three
-- may be private. Takes the place of an index without the time.
CREATE INDEX users_hidden_since_idx ON users (greatest(updated_at, deleted_at)) WHERE NOT is_public OR deleted_at IS NOT NULL;
DROP INDEX users_hidden_idx;
