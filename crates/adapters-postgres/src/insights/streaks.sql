-- The current streak of each account: a run of active days that ends today or yesterday. Other accounts have no row.
CREATE TEMPORARY TABLE benchmark_streaks ON COMMIT DROP AS
WITH active AS (
    SELECT people.user_key, people.today, days.day
    FROM benchmark_people AS people
    JOIN usage_days AS days ON days.user_key = people.user_key
    WHERE days.tokens > 0 AND days.day <= people.today
      -- Only accounts with a current streak.
      AND EXISTS (
          SELECT FROM usage_days AS recent
          WHERE recent.user_key = people.user_key AND recent.day BETWEEN people.today - 1 AND people.today AND recent.tokens > 0
      )
),
-- Backwards, the days of the last run are one apart, so day plus row number is constant.
counted AS (
    SELECT user_key, day + (row_number() OVER run)::integer AS anchor, first_value(day) OVER run AS newest
    FROM active
    WINDOW run AS (PARTITION BY user_key ORDER BY day DESC)
)
SELECT user_key, count(*)::integer AS streak
FROM counted
WHERE anchor = newest + 1
GROUP BY user_key
