-- Each message by its whole key. OFFSET 0 keeps the planner from merging the look-up into a condition on an array: with old
-- statistics, it expects an account to have few messages, reads them all and filters.
SELECT
    stored.message_key, stored.at, stored.input, stored.output, stored.cache_read, stored.cache_write, stored.cache_write_1h,
    stored.reasoning, stored.source_key, stored.model_key, stored.machine_key, stored.flags, stored.parser_version, stored.cost,
    stored.project_key
FROM
    (SELECT key FROM users WHERE id = $1) AS owner,
    unnest($3) AS wanted (message_key),
    LATERAL (
        SELECT *
        FROM usage_messages
        WHERE user_key = owner.key AND source_key = $2 AND message_key = wanted.message_key
        OFFSET 0
    ) AS stored
