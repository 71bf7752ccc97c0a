-- Lists the larger boards by tool, model and region of the snapshot $1.
INSERT INTO boards (snapshot, tool, model, measure, period, total)
SELECT $1, large.tool, large.model, measures.measure, periods.period, coalesce(last.positions[measures.measure], 0)
FROM (SELECT DISTINCT tool, model FROM board_scoped WHERE board IS NOT NULL) AS large
CROSS JOIN generate_series(1, 3) AS periods (period)
LEFT JOIN (
    SELECT tool, model, period, ARRAY[max(positions[1]), max(positions[2]), max(positions[3])] AS positions
    FROM board_scores
    WHERE snapshot = $1 AND (tool <> 0 OR model <> 0)
    GROUP BY tool, model, period
) AS last ON last.tool = large.tool AND last.model = large.model AND last.period = periods.period
CROSS JOIN generate_series(1, 3) AS measures (measure)
