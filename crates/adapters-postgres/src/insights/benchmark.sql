-- The benchmark of the period $1, a row per measure, or one row without a measure. Whole numbers of any size are read as text.
SELECT
    benchmarks.people, benchmarks.created_at, benchmarks.computed_at,
    measures.measure, measures.people AS measured_people, measures.total::text, measures.doubled_median::text,
    measures.cuts::text[], measures.below, measures.upto
FROM benchmarks
LEFT JOIN benchmark_measures AS measures ON measures.period = benchmarks.period
WHERE benchmarks.period = $1
ORDER BY measures.measure
