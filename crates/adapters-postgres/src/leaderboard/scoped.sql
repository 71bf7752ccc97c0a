-- The scores by tool, by model and by region, which is a negative tool, with a number for each board whose order is stored. Boards
-- of at most a hundred accounts, of which there may be many, have none and are ranked when they are read.
CREATE TEMPORARY TABLE board_scoped ON COMMIT DROP AS
WITH scoped AS (
    SELECT * FROM board_scored WHERE tool <> 0 OR model <> 0
    UNION ALL
    SELECT
        -people.region, 0, scored.period, scored.user_key, scored.streak, scored.models, scored.preferred_tool, scored.reached,
        scored.tokens, scored.reasoning, scored.efficiency, scored.growth, scored.cost
    FROM board_scored AS scored
    JOIN board_people AS people ON people.user_key = scored.user_key
    WHERE scored.tool = 0 AND scored.model = 0 AND people.region IS NOT NULL
),
large AS (
    SELECT tool, model, row_number() OVER (ORDER BY tool, model) AS number
    FROM scoped
    WHERE period = 1
    GROUP BY tool, model
    HAVING count(*) > 100
)
SELECT scoped.*, people.shown, people.ordinal, (large.number * 4 + scoped.period)::integer AS board
FROM scoped
JOIN board_people AS people ON people.user_key = scoped.user_key
LEFT JOIN large ON large.tool = scoped.tool AND large.model = scoped.model
