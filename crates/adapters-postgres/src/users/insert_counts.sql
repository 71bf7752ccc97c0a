-- The rows of the counts and totals of $1.
WITH person AS (
    SELECT id, key FROM users WHERE id = $1
),
usage AS (
    INSERT INTO usage_totals (user_key) SELECT key FROM person
)
INSERT INTO social_counts (user_id) SELECT id FROM person
