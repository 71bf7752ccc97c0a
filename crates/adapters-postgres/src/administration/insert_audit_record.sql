-- Adds an entry to the log.
INSERT INTO audit_log (id, at, by_operator, actor, action, subject_kind, subject, details, ip)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9)
