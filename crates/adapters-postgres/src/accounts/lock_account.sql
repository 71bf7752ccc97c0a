-- Invariant I1: every change of an account's usage takes this lock first, so accounts do not wait for each other.
SELECT totals.user_key
FROM usage_totals AS totals
WHERE totals.user_key = (SELECT key FROM users WHERE id = $1 AND deleted_at IS NULL)
FOR NO KEY UPDATE
