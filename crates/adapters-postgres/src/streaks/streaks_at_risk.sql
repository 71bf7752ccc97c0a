-- Up to $4 people after $3 in whose zone (of $1) it is the date beside it in $2, who were active on the two days before and
-- not on that one, and were not told of it.
SELECT users.id
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
