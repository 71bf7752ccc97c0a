-- Up to $5 people after $4 in a zone of $1, with the Monday beside it in $2, who were there before the instant beside it in $3, were
-- active in that week or in the one before, and were not told of it.
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
