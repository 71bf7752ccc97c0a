-- Stores the order of the larger boards by tool, model and region of the snapshot $1.
INSERT INTO board_pages (board, page, user_keys)
WITH ordered AS MATERIALIZED (
    SELECT board, array_agg(user_key) AS user_keys
    FROM (
        SELECT boards.id AS board, scores.user_key
        FROM boards
        JOIN board_scores AS scores
            ON scores.snapshot = $1 AND scores.tool = boards.tool AND scores.model = boards.model AND scores.period = boards.period
        WHERE boards.snapshot = $1 AND (boards.tool <> 0 OR boards.model <> 0) AND scores.positions[boards.measure] IS NOT NULL
        ORDER BY boards.id, scores.positions[boards.measure]
    ) AS sorted
    GROUP BY board
)
SELECT ordered.board, pages.page, ordered.user_keys[pages.page * 100 + 1 : pages.page * 100 + 100]
FROM ordered
CROSS JOIN LATERAL generate_series(0, (cardinality(ordered.user_keys) - 1) / 100) AS pages (page)
