-- Lets account 1 follow the next :follows accounts, and gives each account 50 activities, of which the newest are minutes apart.
INSERT INTO follows
SELECT one.id, other.id, now()
FROM users AS one
JOIN users AS other ON substr(other.username, 7)::bigint BETWEEN 2 AND 1 + :follows
WHERE one.username = 'person1'
ON CONFLICT DO NOTHING;

INSERT INTO activities (id, user_id, kind, data, created_at)
SELECT
    gen_random_uuid(), id, 'level_up', '{"level": 8}',
    now() - (hashint8extended(key::bigint * 64 + n, 2) & 524287) * interval '1 minute'
FROM users, generate_series(6, 50) AS n;

UPDATE social_counts
SET
    followers = (SELECT count(*) FROM follows WHERE following_id = user_id),
    following = (SELECT count(*) FROM follows WHERE follower_id = user_id),
    activities = (SELECT count(*) FROM activities WHERE activities.user_id = social_counts.user_id),
    last_activity_at = (SELECT max(created_at) FROM activities WHERE activities.user_id = social_counts.user_id);
