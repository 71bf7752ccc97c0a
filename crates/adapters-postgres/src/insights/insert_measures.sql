-- Stores the distribution of each measure, by period.
INSERT INTO benchmark_measures (period, measure, people, total, doubled_median, cuts, below, upto)
WITH measured AS (
    SELECT figures.period, part.measure::smallint AS measure, part.value
    FROM benchmark_figures AS figures
    CROSS JOIN LATERAL (VALUES (1, tokens), (2, cost), (3, streak), (4, tools), (5, efficiency)) AS part (measure, value)
    WHERE part.value IS NOT NULL
),
-- The position of each account from 0 on, the accounts with less, with less or as much, and in all.
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
-- The positions that are k hundredths of the last one for a whole k, rounded down.
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
