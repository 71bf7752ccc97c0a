-- A page of the flags, $1 after $2 others, the newest first.
SELECT
    flag.id, flag.user_id, person.username, flag.reason, decider.username AS flagged_by_name,
    flag.created_at, flag.expires_at, flag.lifted_at
FROM account_flags AS flag
JOIN users AS person ON person.id = flag.user_id
LEFT JOIN users AS decider ON decider.id = flag.flagged_by
ORDER BY flag.created_at DESC, flag.id DESC
LIMIT $1 OFFSET $2
