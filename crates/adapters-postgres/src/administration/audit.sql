-- A page of the log, $4 entries after $5 others, the newest first: by $1, of the action $2 and about $3; null is whatever.
SELECT
    log.id, log.at, log.by_operator, log.actor, actor.username, log.action, log.subject_kind, log.subject,
    person.username, log.details::text, log.ip
FROM audit_log AS log
LEFT JOIN users AS actor ON actor.id = log.actor
LEFT JOIN users AS person ON person.id = CASE WHEN log.subject_kind = 'user' THEN log.subject::uuid END
WHERE ($1::text IS NULL OR log.actor = (SELECT id FROM users WHERE lower(username) = $1))
  AND ($2::text IS NULL OR log.action = $2)
  -- An account is found by its id and by its name.
  AND ($3::text IS NULL OR log.subject IN ($3, (SELECT id::text FROM users WHERE lower(username) = lower($3))))
ORDER BY log.at DESC, log.id DESC
LIMIT $4 OFFSET $5
