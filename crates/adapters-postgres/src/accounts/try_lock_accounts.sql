-- Locks those of the accounts $1 that no other transaction has locked, without waiting. Returns for each that exists whether
-- this transaction locked it.
WITH locked AS MATERIALIZED (
    SELECT totals.user_key
    FROM usage_totals AS totals
    JOIN users ON users.key = totals.user_key
    WHERE users.id = ANY($1) AND users.deleted_at IS NULL
    FOR NO KEY UPDATE OF totals SKIP LOCKED
)
SELECT users.id, locked.user_key IS NOT NULL AS is_locked
FROM users
LEFT JOIN locked ON locked.user_key = users.key
WHERE users.id = ANY($1) AND users.deleted_at IS NULL
ORDER BY users.id
