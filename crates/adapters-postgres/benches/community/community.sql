-- :people people, one in twenty of them private, with a hundred roll-up rows each: 50 days, each with two of three models and
-- one or both of two tools. One in seven is active day by day, others every second to seventh day.
INSERT INTO users (id, username, name, is_public, region, timezone, created_at, updated_at)
SELECT
    gen_random_uuid(), 'person' || n, 'Person ' || n, n % 20 <> 0,
    (ARRAY['NA', 'EU', 'APAC', 'SA', 'AF', 'OCE'])[1 + n % 6],
    (ARRAY[NULL, 'Europe/Berlin', 'America/Los_Angeles', 'Asia/Tokyo'])[1 + n % 4], now(), now()
FROM generate_series(1, :people) AS n;
-- The first of them came before any of it.
UPDATE account_counter SET first_at = '2024-01-01';
INSERT INTO usage_totals (user_key) SELECT key FROM users ON CONFLICT DO NOTHING;
INSERT INTO social_counts (user_id) SELECT id FROM users ON CONFLICT DO NOTHING;
INSERT INTO sources (name) SELECT 'tool' || n FROM generate_series(1, 4) AS n;
INSERT INTO models (name, provider) SELECT 'model' || n, '' FROM generate_series(1, 8) AS n;
INSERT INTO usage_rollups
SELECT
    users.key, DATE ':today' - day * (1 + users.key % 7),
    (SELECT min(key) FROM sources) + (users.key + j * (day % 2)) % 4,
    (SELECT min(key) FROM models) + (users.key + day % 2 + j) % 8,
    1, 1, x, x / 10, x / 20, x / 2, x / 4, x / 100, 0, 0, 0, x * 0.0000031
FROM users, generate_series(0, 49) AS day, generate_series(0, 1) AS j,
    LATERAL (SELECT 1 + (hashint8extended(users.key::bigint * 128 + day * 2 + j, 1) & 16777215) / (1 + users.key % 97) AS x) AS noise
ORDER BY day DESC, users.key;
INSERT INTO usage_days
SELECT user_key, day, count(*), sum(tokens), sum(input), sum(output), sum(cache_read), sum(cache_write), sum(reasoning), 0, 0, 0, sum(cost)
FROM usage_rollups GROUP BY user_key, day ORDER BY day, user_key;
INSERT INTO follows
SELECT one.id, other.id, now()
FROM users AS one JOIN users AS other ON other.key BETWEEN one.key + 1 AND one.key + 50
WHERE one.username = 'person1';
