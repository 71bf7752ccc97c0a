-- The usage of $1 on the days $2 to $3, and in the two weeks that end with $4.
SELECT
    coalesce(sum(days.tokens) FILTER (WHERE days.day BETWEEN $2 AND $3), 0)::bigint AS tokens,
    coalesce(sum(days.input) FILTER (WHERE days.day BETWEEN $2 AND $3), 0)::bigint AS input,
    coalesce(sum(days.cache_read) FILTER (WHERE days.day BETWEEN $2 AND $3), 0)::bigint AS cache_read,
    coalesce(sum(days.unpriced_tokens) FILTER (WHERE days.day BETWEEN $2 AND $3), 0)::bigint AS unpriced_tokens,
    coalesce(sum(days.cost) FILTER (WHERE days.day BETWEEN $2 AND $3), 0) AS cost,
    count(*) FILTER (WHERE days.day BETWEEN $2 AND $3 AND days.tokens > 0) AS days,
    (
        SELECT count(DISTINCT source_key) FROM usage_rollups
        WHERE user_key = users.key AND day BETWEEN $2 AND $3 AND tokens > 0
    ) AS tools,
    coalesce(sum(days.tokens) FILTER (WHERE $4 - days.day BETWEEN 0 AND 6), 0)::bigint AS week,
    coalesce(sum(days.tokens) FILTER (WHERE $4 - days.day BETWEEN 7 AND 13), 0)::bigint AS week_before,
    coalesce(array_agg(days.day) FILTER (WHERE days.tokens > 0), '{}') AS active_dates
FROM users
LEFT JOIN usage_days AS days ON days.user_key = users.key
WHERE users.id = $1 AND users.deleted_at IS NULL
GROUP BY users.key
