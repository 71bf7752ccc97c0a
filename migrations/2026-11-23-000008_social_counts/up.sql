-- Counts of follows and activities, one narrow row per account, so that reads need not count. Each transaction that changes a counted
-- row changes the count. Deleted accounts are not counted. A transaction that changes several rows locks them in the order of the
-- ids, after the locks of the accounts (I13).
CREATE TABLE social_counts (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    followers integer NOT NULL DEFAULT 0,
    following integer NOT NULL DEFAULT 0,
    activities integer NOT NULL DEFAULT 0,
    -- Not before the newest activity; a feed reads only accounts with recent activities.
    last_activity_at timestamptz
) WITH (fillfactor = 70);

INSERT INTO social_counts (user_id, followers, following, activities, last_activity_at)
SELECT
    users.id,
    (
        SELECT count(*) FROM follows JOIN users AS other ON other.id = follows.follower_id
        WHERE follows.following_id = users.id AND other.deleted_at IS NULL
    ),
    (
        SELECT count(*) FROM follows JOIN users AS other ON other.id = follows.following_id
        WHERE follows.follower_id = users.id AND other.deleted_at IS NULL
    ),
    (SELECT count(*) FROM activities WHERE activities.user_id = users.id),
    (SELECT max(created_at) FROM activities WHERE activities.user_id = users.id)
FROM users;

-- Deleted accounts are few, so lists leave them out without a look-up of each listed account.
CREATE INDEX users_deleted_idx ON users (id) WHERE deleted_at IS NOT NULL;
