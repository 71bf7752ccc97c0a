-- Stores the findings at $6: for the accounts $1 the kinds $2, scores $3, messages $4 and other accounts $5. Rows are written in the
-- order of the accounts; accounts that no longer exist are skipped.
INSERT INTO plausibility_reasons (user_id, kind, score, message, other_id, first_seen, last_seen)
SELECT users.id, found.kind, found.score, found.message, other.id, $6, $6
FROM unnest($1, $2, $3, $4, $5) AS found (user_id, kind, score, message, other_id)
JOIN users ON users.id = found.user_id
LEFT JOIN users AS other ON other.id = found.other_id
ORDER BY users.id, found.kind
ON CONFLICT (user_id, kind) DO UPDATE
SET score = excluded.score, message = excluded.message, other_id = excluded.other_id, last_seen = excluded.last_seen
