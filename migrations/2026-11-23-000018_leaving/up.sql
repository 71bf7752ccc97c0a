-- Deleted accounts, which are few. Finds accounts to purge without reading the others.
CREATE INDEX users_left_idx ON users (deleted_at) WHERE deleted_at IS NOT NULL;

-- Notifications that name an account, which are removed when that account is purged.
CREATE INDEX notifications_about_idx ON notifications (dedup_key) WHERE kind IN ('new_follower', 'follow_request');
