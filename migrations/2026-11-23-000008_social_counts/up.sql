-- What would have to be counted at every look, one narrow row per account. Kept in step in the transaction that changes what is
-- counted; people who were deleted are not counted. Whoever changes the rows of several people takes them in the order of
-- their ids, and after the locks of accounts.
CREATE TABLE social_counts (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    followers integer NOT NULL DEFAULT 0,
    following integer NOT NULL DEFAULT 0,
    activities integer NOT NULL DEFAULT 0,
    -- Never before the newest activity: which people's activities a feed has to look at.
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

-- Few, so that lists leave them out without a look at everybody's account.
CREATE INDEX users_deleted_idx ON users (id) WHERE deleted_at IS NOT NULL;
