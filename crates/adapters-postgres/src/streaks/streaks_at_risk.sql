-- Up to $4 accounts after $3 that were active on the two days before today, not today, and have no notification of it. $1 are the
-- zones, $2 is today in each.
SELECT users.id AS value
FROM unnest($1, $2) AS place (zone, today)
JOIN users ON coalesce(users.timezone, 'UTC') = place.zone
WHERE users.deleted_at IS NULL
  AND ($3 IS NULL OR users.id > $3)
  AND EXISTS (SELECT FROM usage_days WHERE user_key = users.key AND day = place.today - 1 AND tokens > 0)
  AND EXISTS (SELECT FROM usage_days WHERE user_key = users.key AND day = place.today - 2 AND tokens > 0)
  AND NOT EXISTS (SELECT FROM usage_days WHERE user_key = users.key AND day = place.today AND tokens > 0)
  AND NOT EXISTS (
      SELECT FROM notifications
      WHERE user_id = users.id AND dedup_key = 'streak_at_risk:' || place.today
  )
ORDER BY users.id
LIMIT $4
