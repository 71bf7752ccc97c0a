counted AS (
    SELECT board.total - (SELECT hidden FROM start) AS total FROM board
),
-- As an array, and from few pages, so that the planner expects few rows. Accounts may be missing beyond the known gaps, so the last
-- page is generous. An account that has left the region since is not shown.
part AS (
    SELECT user_key, place
    FROM unnest(ARRAY(
        SELECT shown.key
        FROM board_pages AS pages
        CROSS JOIN LATERAL unnest(pages.user_keys) WITH ORDINALITY AS entries (user_key, number)
        JOIN accounts_on_boards($6) AS shown ON shown.key = entries.user_key
        WHERE pages.board = (SELECT id FROM board)
          AND pages.page >= (SELECT skipped / 100 FROM start)
          AND pages.page <= (SELECT (skipped + hidden + 2 * $4) / 100 FROM start)
          AND pages.page * 100 + entries.number > (SELECT skipped FROM start)
          AND ($9::text IS NULL OR shown.region = $9)
        ORDER BY pages.page, entries.number
        LIMIT $4
    )) WITH ORDINALITY AS shown (user_key, place)
),
placed AS (
    SELECT user_key, place, false AS mine FROM part
    UNION ALL
    SELECT key, 0, true FROM users WHERE id = $5 AND deleted_at IS NULL AND ($9::text IS NULL OR region = $9)
),
listed AS (
    SELECT placed.user_key, placed.place, placed.mine, scores.ranks[$1] AS rank, earlier.ranks[$1] AS before
    FROM placed
    CROSS JOIN board
    JOIN board_scores AS scores
        ON scores.snapshot = (SELECT id FROM latest) AND scores.tool = board.tool AND scores.model = board.model
        AND scores.period = $2 AND scores.user_key = placed.user_key
    LEFT JOIN board_scores AS earlier
        ON earlier.snapshot = (SELECT before FROM latest) AND earlier.tool = board.tool AND earlier.model = board.model
        AND earlier.period = $2 AND earlier.user_key = placed.user_key
    WHERE scores.ranks[$1] IS NOT NULL
)
