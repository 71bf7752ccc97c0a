-- How the figures of each period are spread, by measure.
INSERT INTO benchmark_measures (period, measure, people, total, doubled_median, cuts, below, upto)
WITH measured AS (
    SELECT figures.period, part.measure::smallint AS measure, part.value
    FROM benchmark_figures AS figures
    CROSS JOIN LATERAL (VALUES (1, tokens), (2, cost), (3, streak), (4, tools), (5, efficiency)) AS part (measure, value)
    WHERE part.value IS NOT NULL
),
-- Each person's place from 0 on, how many have less, and less or as much, and how many there are.
placed AS (
    SELECT
        period, measure, value,
        row_number() OVER line - 1 AS place,
        rank() OVER line - 1 AS below,
        count(*) OVER line AS upto,
        count(*) OVER (PARTITION BY period, measure) AS people
    FROM measured
    WINDOW line AS (PARTITION BY period, measure ORDER BY value)
),
sums AS (
    SELECT
        period, measure, count(*) AS people, sum(value) AS total,
        max(value) FILTER (WHERE place = (people - 1) / 2) + max(value) FILTER (WHERE place = people / 2) AS doubled_median
    FROM placed
    GROUP BY period, measure
),
-- The places that are a whole number of hundredths of the last one, rounded down: there is a k for which k hundredths reach
-- the place and do not pass it.
cuts AS (
    SELECT DISTINCT period, measure, value, below, upto
    FROM placed
    WHERE people = 1 OR (100 * place + people - 2) / greatest(people - 1, 1) * (people - 1) < 100 * (place + 1)
)
SELECT
    sums.period, sums.measure, sums.people::integer, sums.total, sums.doubled_median,
    array_agg(cuts.value ORDER BY cuts.value),
    array_agg(cuts.below::integer ORDER BY cuts.value),
    array_agg(cuts.upto::integer ORDER BY cuts.value)
FROM sums
JOIN cuts ON cuts.period = sums.period AND cuts.measure = sums.measure
GROUP BY sums.period, sums.measure, sums.people, sums.total, sums.doubled_median
