-- Writes :messages messages in sittings of 20. The messages of a sitting have one account, day, tool, machine and project, and two models. An
-- account's share falls with its number: of 10,000 accounts the first has one message in 100, the median one in 14,000. Pseudo-random
-- numbers come from the number of the sitting and the seed, so a data set is reproducible.
CREATE TEMPORARY TABLE sittings AS
SELECT
    s, user_key,
    (hashint8extended(s, :seed + 1) & 1048575) % 365 AS days_ago,
    8 + (hashint8extended(s, :seed + 2) & 1048575) % 12 AS hour,
    (ARRAY(SELECT key FROM sources ORDER BY key))[1 + (hashint8extended(s, :seed + 3) & hashint8extended(s, :seed + 4) & 3)] AS source_key,
    (hashint8extended(s, :seed + 5) & 7)::integer AS model,
    1 + (hashint8extended(s, :seed + 6) & 3)::smallint AS project_key,
    machine.key AS machine_key
FROM (
    SELECT
        s,
        (SELECT min(key) FROM users)
        + floor(:people * power((hashint8extended(s, :seed) & 1073741823)::float8 / 1073741824, 2))::integer AS user_key
    FROM generate_series(1, :messages::bigint / 20) AS s
) AS owned
LEFT JOIN (SELECT user_key, min(key) AS key FROM machines GROUP BY user_key) AS machine USING (user_key);

INSERT INTO usage_messages (
    user_key, message_key, at, input, output, cache_read, cache_write, cache_write_1h, reasoning,
    source_key, model_key, machine_key, flags, cost, project_key
)
SELECT
    user_key, md5(s || '-' || k)::uuid,
    date_trunc('day', now()) - days_ago * interval '1 day' + hour * interval '1 hour' + k * interval '2 minutes',
    5 + x % 3000, 20 + x % 2000, x % 60000, x % 6000, 0, 0, source_key,
    (ARRAY(SELECT key FROM models ORDER BY key))[1 + (model + CASE WHEN k % 5 = 0 THEN 1 ELSE 0 END) % 8],
    machine_key, 1, (x % 60000) * 0.0000003 + (x % 2000) * 0.000015, project_key
FROM sittings, generate_series(1, 20) AS k, LATERAL (SELECT hashint8extended(s * 20 + k, :seed) & 1073741823 AS x) AS noise
-- In the order of a server to which many accounts sync: neighbouring rows belong to different accounts.
ORDER BY days_ago DESC, s;

INSERT INTO usage_rollups
SELECT
    user_key, (at AT TIME ZONE 'UTC')::date AS day, source_key, model_key, machine_key, count(*),
    sum(input + output + cache_read + cache_write), sum(input), sum(output), sum(cache_read), sum(cache_write), 0, 0, 0, 0,
    sum(cost)
FROM usage_messages
GROUP BY user_key, day, source_key, model_key, machine_key
ORDER BY day, user_key;

INSERT INTO usage_days
SELECT
    user_key, day, sum(messages), sum(tokens), sum(input), sum(output), sum(cache_read), sum(cache_write), 0, 0, 0, 0,
    sum(cost)
FROM usage_rollups
GROUP BY user_key, day
ORDER BY day, user_key;

INSERT INTO usage_hours
SELECT
    user_key, (at AT TIME ZONE 'UTC')::date AS day, extract(hour FROM at AT TIME ZONE 'UTC'), count(*),
    sum(input + output + cache_read + cache_write)
FROM usage_messages
GROUP BY 1, 2, 3
ORDER BY 2, 1;

INSERT INTO usage_projects
SELECT DISTINCT user_key, project_key, 'project-' || project_key
FROM sittings
ORDER BY 1, 2;

INSERT INTO usage_project_days
SELECT
    user_key, (at AT TIME ZONE 'UTC')::date, project_key, count(*), sum(input + output + cache_read + cache_write), sum(cost)
FROM usage_messages
GROUP BY 1, 2, 3
ORDER BY 2, 1, 3;

UPDATE usage_totals
SET
    active_days = used.days, longest_streak = 1, messages = used.messages, tokens = used.tokens, input = used.input,
    output = used.output, cache_read = used.cache_read, cache_write = used.cache_write, cost = used.cost
FROM (
    SELECT
        user_key, count(*) AS days, sum(messages) AS messages, sum(tokens) AS tokens, sum(input) AS input,
        sum(output) AS output, sum(cache_read) AS cache_read, sum(cache_write) AS cache_write, sum(cost) AS cost
    FROM usage_days
    GROUP BY user_key
) AS used
WHERE used.user_key = usage_totals.user_key;

DROP TABLE sittings;
