-- $2 reasons after $3 others with a score of at least $1, the strongest first.
SELECT users.id, users.username, reasons.kind, reasons.score, reasons.message, reasons.first_seen, reasons.last_seen, other.username
FROM plausibility_reasons AS reasons
JOIN users ON users.id = reasons.user_id AND users.deleted_at IS NULL
LEFT JOIN users AS other ON other.id = reasons.other_id AND other.deleted_at IS NULL
WHERE reasons.score >= $1
ORDER BY reasons.score DESC, reasons.first_seen, users.id, reasons.kind
LIMIT $2 OFFSET $3
