-- Counts the most models of one day again, for the accounts that used the models $1, $2 (names and providers), in the order of their
-- keys.
WITH accounts AS MATERIALIZED (
    SELECT stored.user_key
    FROM usage_calendars AS stored
    WHERE stored.user_key IN (
        SELECT used.user_key
        FROM usage_models AS used
        JOIN models ON models.key = used.model_key
        JOIN unnest($1, $2) AS named (name, provider) USING (name, provider)
    )
    ORDER BY stored.user_key
    FOR NO KEY UPDATE
)
UPDATE usage_calendars AS stored
SET models_in_a_day = actual.models
FROM (
    SELECT user_key, max(models) AS models
    FROM (
        SELECT used.user_key, count(DISTINCT coalesce(models.canonical, models.name)) AS models
        FROM accounts
        JOIN usage_rollups AS used ON used.user_key = accounts.user_key
        JOIN models ON models.key = used.model_key
        GROUP BY used.user_key, used.day
    ) AS days
    GROUP BY user_key
) AS actual
WHERE stored.user_key = actual.user_key AND stored.models_in_a_day <> actual.models
