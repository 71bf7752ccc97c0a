-- Lists the boards over all usage of the snapshot $1, also those without an account.
INSERT INTO boards (snapshot, tool, model, measure, period, total)
SELECT $1, 0, 0, measures.measure, periods.period, coalesce(last.positions[measures.measure], 0)
FROM generate_series(1, 3) AS periods (period)
LEFT JOIN (
    SELECT
        period,
        ARRAY[
            max(positions[1]), max(positions[2]), max(positions[3]), max(positions[4]), max(positions[5]), max(positions[6]),
            max(positions[7])
        ] AS positions
    FROM board_scores
    WHERE snapshot = $1 AND tool = 0 AND model = 0
    GROUP BY period
) AS last ON last.period = periods.period
CROSS JOIN generate_series(1, 7) AS measures (measure)
