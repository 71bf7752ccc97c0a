-- Only entries by the actor $1, with the action $2 and about $3; null matches all. An account matches by its id and its name.
WHERE ($1::text IS NULL OR log.actor = (SELECT id FROM users WHERE lower(username) = $1))
  AND ($2::text IS NULL OR log.action = $2)
  AND ($3::text IS NULL OR log.subject IN ($3, (SELECT id::text FROM users WHERE lower(username) = lower($3))))
