-- Lists the larger boards by tool, model and region of the snapshot $1. Each shown account has a score by each of their measures.
INSERT INTO boards (snapshot, tool, model, measure, period, total)
SELECT $1, large.tool, large.model, measures.measure, periods.period, coalesce(counted.total, 0)
FROM (SELECT DISTINCT tool, model FROM board_scoped WHERE board IS NOT NULL) AS large
CROSS JOIN generate_series(1, 3) AS periods (period)
LEFT JOIN (
    SELECT tool, model, period, count(*) FILTER (WHERE shown) AS total
    FROM board_scoped
    WHERE board IS NOT NULL
    GROUP BY tool, model, period
) AS counted ON counted.tool = large.tool AND counted.model = large.model AND counted.period = periods.period
CROSS JOIN generate_series(1, 3) AS measures (measure)
