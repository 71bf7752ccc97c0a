-- The current streaks by tool, by model and over all usage: runs of active days that end today or yesterday. Other accounts have
-- no row.
CREATE TEMPORARY TABLE board_streaks ON COMMIT DROP AS
WITH active AS (
    SELECT people.user_key, people.today, days.day
    FROM board_scopes AS scopes
    JOIN board_people AS people ON people.user_key = scopes.user_key
    JOIN usage_days AS days ON days.user_key = people.user_key
    WHERE scopes.tool = 0 AND scopes.model = 0 AND scopes.reached_1 >= people.today - 1
      AND days.tokens > 0 AND days.day <= people.today
),
-- Backwards, the days of the last run are one apart, so day plus row number is constant.
counted AS (
    SELECT user_key, today, day + (row_number() OVER run)::integer AS anchor, first_value(day) OVER run AS newest
    FROM active
    WINDOW run AS (PARTITION BY user_key ORDER BY day DESC)
),
everything AS MATERIALIZED (
    SELECT user_key, today, newest, count(*)::integer AS streak
    FROM counted
    WHERE newest >= today - 1 AND anchor = newest + 1
    GROUP BY user_key, today, newest
),
-- A streak of one tool or model lies within the streak over all usage.
within AS MATERIALIZED (
    SELECT everything.user_key, everything.today, rollups.day, rollups.source_key, names.model
    FROM everything
    JOIN usage_rollups AS rollups
        ON rollups.user_key = everything.user_key
        AND rollups.day BETWEEN everything.newest - everything.streak + 1 AND everything.newest
    JOIN (
        SELECT key, min(key) OVER (PARTITION BY coalesce(canonical, name)) AS model FROM models
    ) AS names ON names.key = rollups.model_key
    WHERE rollups.tokens > 0
),
scoped AS (
    SELECT DISTINCT user_key, source_key AS tool, 0 AS model, today, day FROM within
    UNION ALL
    SELECT DISTINCT user_key, 0, model, today, day FROM within
),
runs AS (
    SELECT
        user_key, tool, model, today,
        day + (row_number() OVER run)::integer AS anchor,
        first_value(day) OVER run AS newest
    FROM scoped
    WINDOW run AS (PARTITION BY user_key, tool, model ORDER BY day DESC)
)
SELECT user_key, 0 AS tool, 0 AS model, streak FROM everything
UNION ALL
SELECT user_key, tool, model, count(*)::integer
FROM runs
WHERE newest >= today - 1 AND anchor = newest + 1
GROUP BY user_key, tool, model
