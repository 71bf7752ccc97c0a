-- Removes a few rows whose tries were over by $1. Each try makes at most one row and removes up to four, so the table
-- stays as small as the traffic of a minute. Rows that somebody is about to change are left alone, so nobody waits.
DELETE FROM login_attempts
WHERE name_hash IN (
    SELECT name_hash
    FROM login_attempts
    WHERE last_at <= $1
    ORDER BY last_at
    LIMIT 4
    FOR UPDATE SKIP LOCKED
)
