-- Lists the boards over all usage of the snapshot $1, also those without an account.
INSERT INTO boards (snapshot, tool, model, measure, period, total)
SELECT $1, 0, 0, measure, periods.period, coalesce(max(scores.positions[measure]), 0)
FROM generate_series(1, 7) AS measures (measure)
CROSS JOIN generate_series(1, 3) AS periods (period)
LEFT JOIN board_scores AS scores
    ON scores.snapshot = $1 AND scores.tool = 0 AND scores.model = 0 AND scores.period = periods.period
GROUP BY measure, periods.period
