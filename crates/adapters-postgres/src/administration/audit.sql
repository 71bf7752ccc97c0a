-- A page of the audit log, $4 entries after $5 others, the newest first.
SELECT
    log.id, log.at, log.by_operator, log.actor, actor.username AS actor_name, log.action, log.subject_kind, log.subject,
    person.username AS subject_name, log.details::text, log.ip
FROM audit_log AS log
LEFT JOIN users AS actor ON actor.id = log.actor
LEFT JOIN users AS person ON person.id = CASE WHEN log.subject_kind = 'user' THEN log.subject::uuid END
