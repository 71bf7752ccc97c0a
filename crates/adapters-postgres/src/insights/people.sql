-- The accounts in benchmarks, with their local date: $2 is the date in the zones $1. Private accounts are included; deleted and
-- flagged accounts (at $3) are not.
CREATE TEMPORARY TABLE benchmark_people ON COMMIT DROP AS
SELECT users.key AS user_key, zones.today
FROM users
JOIN unnest($1, $2) AS zones (name, today) ON zones.name = coalesce(users.timezone, 'UTC')
WHERE users.deleted_at IS NULL
  AND NOT EXISTS (
      SELECT FROM account_flags AS flag
      WHERE flag.user_id = users.id AND flag.lifted_at IS NULL AND (flag.expires_at IS NULL OR flag.expires_at > $3)
  )
