-- Claims the account that was deleted first, by $1, except disabled ones, those of $2 and those that another transaction has locked. The claim
-- sets deleted_at to the epoch and removes the suspension: neither a sign-in, whatever the clock, nor an administrator restores the
-- account, and a continued removal finds it first.
UPDATE users
SET deleted_at = 'epoch', suspension = NULL
WHERE id = (
    SELECT id
    FROM users
    WHERE deleted_at <= $1 AND suspension IS DISTINCT FROM 'disabled' AND id <> ALL ($2)
    ORDER BY deleted_at, id
    LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED
)
RETURNING id AS value
