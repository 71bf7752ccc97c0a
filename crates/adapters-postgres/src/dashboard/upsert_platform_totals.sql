-- Stores the totals of the instance at $1, without deleted accounts.
INSERT INTO platform_totals (tokens, users, tools, computed_at)
SELECT
    (
        SELECT coalesce(sum(totals.tokens), 0)
        FROM usage_totals AS totals
        JOIN users ON users.key = totals.user_key
        WHERE users.deleted_at IS NULL
    ),
    (SELECT count(*) FROM users WHERE deleted_at IS NULL),
    (
        SELECT count(DISTINCT rollups.source_key)
        FROM usage_rollups AS rollups
        JOIN users ON users.key = rollups.user_key
        WHERE rollups.tokens > 0 AND users.deleted_at IS NULL
    ),
    $1
ON CONFLICT (is_only) DO UPDATE SET
    tokens = excluded.tokens, users = excluded.users, tools = excluded.tools, computed_at = excluded.computed_at
