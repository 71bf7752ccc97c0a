-- Of the accounts that were deleted by $1, without those of $2, the one that was first and that nobody else removes at the moment. It is marked as
-- deleted long ago, so that no clock, however slow, lets its owner in once the removal has begun; and so it is first again
-- when the removal goes on.
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
RETURNING id
