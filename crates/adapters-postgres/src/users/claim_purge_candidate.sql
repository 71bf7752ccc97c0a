-- Claims the account that was deleted first, by $1, except those of $2 and those that another transaction has locked. The claim
-- sets deleted_at to the epoch: no sign-in restores the account, whatever the clock, and a continued removal finds it first.
UPDATE users
SET deleted_at = 'epoch'
WHERE id = (
    SELECT id
    FROM users
    WHERE deleted_at <= $1 AND id <> ALL ($2)
    ORDER BY deleted_at, id
    LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED
)
RETURNING id AS value
