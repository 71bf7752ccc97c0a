-- The figures of every account with usage, in whole units: of all time (1), a month (2), a week (3). All days are summed once;
-- only recent days are also summed by age.
CREATE TEMPORARY TABLE benchmark_figures ON COMMIT DROP AS
WITH used AS (
    SELECT
        1::smallint AS period, rollups.user_key,
        sum(tokens) AS tokens, sum(cost) AS cost, sum(input) AS input, sum(cache_read) AS cached
    FROM usage_rollups AS rollups
    WHERE rollups.tokens > 0
    GROUP BY rollups.user_key, rollups.source_key
    UNION ALL
    SELECT part.period::smallint, user_key, sum(tokens), sum(cost), sum(input), sum(cache_read)
    FROM (
        SELECT rollups.user_key, rollups.source_key, people.today - rollups.day AS age, tokens, cost, input, cache_read
        FROM usage_rollups AS rollups
        JOIN benchmark_people AS people ON people.user_key = rollups.user_key
        WHERE rollups.tokens > 0
          -- No zone has an earlier date.
          AND rollups.day >= (SELECT min(today) - 29 FROM benchmark_people)
    ) AS aged
    JOIN (VALUES (2, 29), (3, 6)) AS part (period, oldest) ON aged.age BETWEEN 0 AND part.oldest
    GROUP BY part.period, user_key, source_key
)
SELECT
    used.period, used.user_key,
    sum(used.tokens) AS tokens,
    trunc(sum(used.cost) * 1e18) AS cost,
    coalesce(max(streaks.streak), 0)::numeric AS streak,
    count(*)::numeric AS tools,
    CASE WHEN sum(used.input + used.cached) > 0 THEN
        div(sum(used.cached) * 100000000, sum(used.input + used.cached))
    END AS efficiency
FROM used
JOIN benchmark_people AS people ON people.user_key = used.user_key
LEFT JOIN benchmark_streaks AS streaks ON streaks.user_key = used.user_key
GROUP BY used.period, used.user_key
