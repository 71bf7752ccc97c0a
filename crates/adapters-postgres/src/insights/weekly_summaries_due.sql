-- Up to $5 accounts after $4 without a summary of the week that ended in their zone. $1 are zones; $2 the Monday and $3 the end of
-- that week in each. The account existed before that end and was active in that week or the one before.
SELECT users.id, place.monday
FROM unnest($1, $2, $3) AS place (zone, monday, due)
JOIN users ON coalesce(users.timezone, 'UTC') = place.zone AND users.created_at < place.due
WHERE users.deleted_at IS NULL
  AND ($4 IS NULL OR users.id > $4)
  AND NOT EXISTS (SELECT FROM weekly_summaries WHERE user_id = users.id AND week = place.monday)
  AND EXISTS (
      SELECT FROM usage_days
      WHERE user_key = users.key AND day BETWEEN place.monday - 7 AND place.monday + 6 AND tokens > 0
  )
ORDER BY users.id
LIMIT $5
