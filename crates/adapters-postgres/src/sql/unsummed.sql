-- Up to $4 people after $3 in a zone of $1, with the Monday beside it in $2, who were active in that week or in the one
-- before, and were not told of it.
SELECT users.id, place.monday
FROM unnest($1, $2) AS place (zone, monday)
JOIN users ON coalesce(users.timezone, 'UTC') = place.zone
WHERE users.deleted_at IS NULL
  AND ($3 IS NULL OR users.id > $3)
  AND NOT EXISTS (SELECT FROM weekly_summaries WHERE user_id = users.id AND week = place.monday)
  AND EXISTS (
      SELECT FROM usage_days
      WHERE user_key = users.key AND day BETWEEN place.monday - 7 AND place.monday + 6 AND tokens > 0
  )
ORDER BY users.id
LIMIT $4
