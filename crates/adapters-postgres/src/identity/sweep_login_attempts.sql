-- Removes up to four rows without an attempt since $1. Each attempt adds at most one row, so the table stays as small as the
-- traffic of a minute. Locked rows are skipped.
DELETE FROM login_attempts
WHERE name_hash IN (
    SELECT name_hash
    FROM login_attempts
    WHERE last_at <= $1
    ORDER BY last_at
    LIMIT 4
    FOR UPDATE SKIP LOCKED
)
