-- How many entries of the log are by $1, of the action $2 and about $3; null is whatever.
SELECT count(*)
FROM audit_log AS log
WHERE ($1::text IS NULL OR log.actor = (SELECT id FROM users WHERE lower(username) = $1))
  AND ($2::text IS NULL OR log.action = $2)
  -- An account is found by its id and by its name.
  AND ($3::text IS NULL OR log.subject IN ($3, (SELECT id::text FROM users WHERE lower(username) = lower($3))))
