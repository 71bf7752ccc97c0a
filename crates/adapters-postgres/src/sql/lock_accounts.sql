-- The rows are locked in the order in which they are read, which is that of the ids for everybody: so nobody waits in a
-- circle.
SELECT totals.user_key
FROM usage_totals AS totals
JOIN users ON users.key = totals.user_key
WHERE users.id = ANY($1) AND users.deleted_at IS NULL
ORDER BY users.id
FOR NO KEY UPDATE OF totals
