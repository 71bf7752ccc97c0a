-- Stores the number of accounts of each period at $1, also where it is 0.
INSERT INTO benchmarks (period, people, created_at, computed_at)
SELECT part.period, count(figures.user_key)::integer, $1, $1
FROM (VALUES (1::smallint), (2), (3)) AS part (period)
LEFT JOIN benchmark_figures AS figures ON figures.period = part.period
GROUP BY part.period
ON CONFLICT (period) DO UPDATE SET people = excluded.people, computed_at = excluded.computed_at
