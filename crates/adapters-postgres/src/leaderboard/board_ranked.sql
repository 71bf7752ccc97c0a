-- The scores of the accounts of the board and of the viewer, in this snapshot and the one before.
scored AS MATERIALIZED (
    SELECT scores.snapshot, scores.user_key, people.id, people.ranks, scores.reached,
        CASE $1
            WHEN 1 THEN scores.tokens
            WHEN 2 THEN scores.cost
            WHEN 3 THEN scores.streak
            WHEN 4 THEN scores.models
            WHEN 5 THEN scores.efficiency
            WHEN 6 THEN scores.growth
            WHEN 7 THEN nullif(scores.reasoning, 0)
        END AS score
    FROM (
        SELECT id, key, true AS ranks FROM ranking
        UNION ALL
        SELECT users.id, users.key, false
        FROM users
        WHERE users.id = $5 AND users.deleted_at IS NULL AND ($9::text IS NULL OR users.region = $9)
          AND users.key NOT IN (SELECT key FROM ranking)
    ) AS people
    JOIN board_scores AS scores ON scores.user_key = people.key
    WHERE scores.snapshot IN ((SELECT id FROM latest), (SELECT before FROM latest))
      AND scores.tool = (SELECT tool FROM scope) AND scores.model = (SELECT model FROM scope) AND scores.period = $2
),
ranked AS MATERIALIZED (
    SELECT
        snapshot, user_key, id,
        rank() OVER (PARTITION BY snapshot ORDER BY score DESC) AS rank,
        row_number() OVER (PARTITION BY snapshot ORDER BY score DESC, reached, id) AS place
    FROM scored
    WHERE ranks AND score IS NOT NULL
    UNION ALL
    -- A viewer that is not on the board gets the rank it would have.
    SELECT
        own.snapshot, own.user_key, own.id,
        1 + (SELECT count(*) FROM scored AS other WHERE other.ranks AND other.snapshot = own.snapshot AND other.score > own.score),
        NULL
    FROM scored AS own
    WHERE NOT own.ranks AND own.score IS NOT NULL
),
-- Each account with both ranks.
paired AS MATERIALIZED (
    SELECT
        user_key, id,
        max(place) FILTER (WHERE snapshot = (SELECT id FROM latest)) AS place,
        max(rank) FILTER (WHERE snapshot = (SELECT id FROM latest))::integer AS rank,
        max(rank) FILTER (WHERE snapshot = (SELECT before FROM latest))::integer AS before
    FROM ranked
    GROUP BY user_key, id
),
counted AS (
    SELECT count(place) AS total FROM paired
),
listed AS (
    SELECT user_key, place, false AS mine, rank, before FROM paired WHERE place > $3 AND place <= $3 + $4
    UNION ALL
    SELECT user_key, 0, true, rank, before FROM paired WHERE id = $5 AND rank IS NOT NULL
)
