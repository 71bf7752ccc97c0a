-- The runs of active days that end today or yesterday, by tool, by model and over all usage. Only of those who had usage since
-- yesterday, everybody else has none. A day after today is not there yet.
CREATE TEMPORARY TABLE board_streaks ON COMMIT DROP AS
WITH live AS MATERIALIZED (
    SELECT scopes.user_key, scopes.tool, scopes.model, people.today
    FROM board_scopes AS scopes
    JOIN board_people AS people ON people.user_key = scopes.user_key
    WHERE scopes.reached_1 >= people.today - 1
),
active AS (
    SELECT live.user_key, live.tool, live.model, live.today, days.day
    FROM live
    JOIN usage_days AS days ON days.user_key = live.user_key
    WHERE live.tool = 0 AND live.model = 0 AND days.tokens > 0 AND days.day <= live.today
    UNION ALL
    SELECT DISTINCT live.user_key, live.tool, live.model, live.today, rollups.day
    FROM live
    JOIN usage_rollups AS rollups ON rollups.user_key = live.user_key AND rollups.source_key = live.tool
    WHERE live.tool <> 0 AND rollups.tokens > 0 AND rollups.day <= live.today
    UNION ALL
    SELECT DISTINCT live.user_key, live.tool, live.model, live.today, rollups.day
    FROM live
    JOIN (
        SELECT key, min(key) OVER (PARTITION BY name) AS model FROM models
    ) AS names ON names.model = live.model
    JOIN usage_rollups AS rollups ON rollups.user_key = live.user_key AND rollups.model_key = names.key
    WHERE live.model <> 0 AND rollups.tokens > 0 AND rollups.day <= live.today
),
-- Going back, the days of the last run are one apart: day and number always add up to the same.
runs AS (
    SELECT
        user_key, tool, model, today,
        day + (row_number() OVER run)::integer AS anchor,
        first_value(day) OVER run AS newest
    FROM active
    WINDOW run AS (PARTITION BY user_key, tool, model ORDER BY day DESC)
)
SELECT user_key, tool, model, count(*)::integer AS streak
FROM runs
WHERE newest >= today - 1 AND anchor = newest + 1
GROUP BY user_key, tool, model
