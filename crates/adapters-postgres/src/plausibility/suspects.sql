-- The reasons of $2 accounts after $3 others whose strongest reason scores at least $1, the strongest first, and whether a flag
-- is active at $4. The reasons of an account are adjacent.
WITH page AS (
    SELECT users.id, users.username, max(reasons.score) AS score, min(reasons.first_seen) AS first_seen
    FROM plausibility_reasons AS reasons
    JOIN users ON users.id = reasons.user_id AND users.deleted_at IS NULL
    GROUP BY users.id
    HAVING max(reasons.score) >= $1
    ORDER BY max(reasons.score) DESC, min(reasons.first_seen), users.id
    LIMIT $2 OFFSET $3
)
SELECT
    page.id, page.username,
    EXISTS (
        SELECT FROM account_flags AS flag
        WHERE flag.user_id = page.id AND flag.lifted_at IS NULL AND (flag.expires_at IS NULL OR flag.expires_at > $4)
    ) AS is_flagged,
    reasons.kind, reasons.score, reasons.message, reasons.first_seen, reasons.last_seen,
    other.username AS other_name
FROM page
JOIN plausibility_reasons AS reasons ON reasons.user_id = page.id
LEFT JOIN users AS other ON other.id = reasons.other_id AND other.deleted_at IS NULL
ORDER BY page.score DESC, page.first_seen, page.id, reasons.score DESC, reasons.kind
