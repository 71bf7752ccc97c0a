-- The number of users that users.sql selects with the same $1.
SELECT count(*) AS value
FROM users
WHERE (users.deleted_at IS NULL OR users.deleted_at > 'epoch')
  AND ($1::text IS NULL OR strpos(lower(users.username), $1) > 0 OR strpos(lower(users.email), $1) > 0)
