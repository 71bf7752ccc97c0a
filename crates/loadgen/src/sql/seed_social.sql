-- Gives each of :people accounts up to 20 followed accounts, 5 activities and 20 notifications.
INSERT INTO follows
SELECT one.id, other.id, now() - n * interval '1 day'
FROM users AS one
CROSS JOIN generate_series(1, 20) AS n
JOIN users AS other ON other.username = 'person' || (1 + (substr(one.username, 7)::bigint + n * n) % :people)
WHERE other.id <> one.id
ON CONFLICT DO NOTHING;

INSERT INTO activities (id, user_id, kind, data, created_at)
SELECT gen_random_uuid(), id, 'level_up', '{"level": 7}', now() - (hashint8extended(key::bigint * 8 + n, :seed) & 8191) * interval '1 minute'
FROM users, generate_series(1, 5) AS n;

INSERT INTO notifications (id, user_id, kind, title, message, data, dedup_key, created_at, read_at)
SELECT
    gen_random_uuid(), id, 'level_up', 'Level ' || n, 'You reached level ' || n || '.', jsonb_build_object('level', n),
    'level_up:' || n, now() - n * interval '1 day', CASE WHEN n > 5 THEN now() END
FROM users, generate_series(1, 20) AS n;

INSERT INTO social_counts (user_id, followers, following, activities, last_activity_at)
SELECT
    id,
    (SELECT count(*) FROM follows WHERE following_id = id),
    (SELECT count(*) FROM follows WHERE follower_id = id),
    (SELECT count(*) FROM activities WHERE user_id = id),
    (SELECT max(created_at) FROM activities WHERE user_id = id)
FROM users
ON CONFLICT (user_id) DO UPDATE
SET
    followers = excluded.followers, following = excluded.following, activities = excluded.activities,
    last_activity_at = excluded.last_activity_at;
