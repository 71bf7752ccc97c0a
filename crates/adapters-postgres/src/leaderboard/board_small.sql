-- The accounts of the board: those with scores of the tool or the model that boards show. As an array, so that the planner expects
-- few rows.
ranking AS (
    SELECT shown.id, shown.key
    FROM unnest(ARRAY(
        SELECT DISTINCT user_key
        FROM board_scores
        WHERE snapshot IN ((SELECT id FROM latest), (SELECT before FROM latest))
          AND tool = (SELECT tool FROM scope) AND model = (SELECT model FROM scope) AND period = $2
    )) AS scored (user_key)
    JOIN on_boards($6) AS shown ON shown.key = scored.user_key
),
