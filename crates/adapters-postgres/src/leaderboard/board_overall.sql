-- A part of the stored board over all usage, of the measure $1 and the period $2: $4 entries after $3 others, as $5 sees it at $6,
-- and the entry of $5. No row if the board is not stored; an empty part is one row without an account.
WITH
latest AS MATERIALIZED (
    SELECT id, lead(id) OVER (ORDER BY id DESC) AS before, computed_at FROM board_snapshots ORDER BY id DESC LIMIT 1
),
board AS MATERIALIZED (
    SELECT id, tool, model, total
    FROM boards
    WHERE snapshot = (SELECT id FROM latest) AND tool = 0 AND model = 0 AND measure = $1 AND period = $2
),
