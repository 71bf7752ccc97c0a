-- The stored board of the tool, the model or the region; none if it is small, or by another measure than tokens, cost and streak.
board AS MATERIALIZED (
    SELECT boards.id, boards.tool, boards.model, boards.total
    FROM boards
    WHERE boards.snapshot = (SELECT id FROM latest)
      AND boards.tool = CASE
          WHEN $9::text IS NULL THEN (SELECT tool FROM scope)
          ELSE -array_position(ARRAY['NA', 'EU', 'APAC', 'SA', 'AF', 'OCE'], $9)
      END
      AND boards.model = (SELECT model FROM scope) AND boards.measure = $1 AND boards.period = $2
),
