-- Stores the positions of the snapshot $1 in order, by measure and period.
INSERT INTO board_places (snapshot, measure, period, position, user_key)
SELECT scores.snapshot, measure, scores.period, scores.positions[measure], scores.user_key
FROM board_scores AS scores
CROSS JOIN generate_series(1, 7) AS measure
WHERE scores.snapshot = $1 AND scores.tool = 0 AND scores.model = 0 AND scores.positions[measure] IS NOT NULL
ORDER BY measure, scores.period, scores.positions[measure]
