-- When the newest snapshot was computed and how long that took, and whether a refresh has been due since before $1 that no worker
-- took.
SELECT
    computed_at, took_ms,
    EXISTS (SELECT FROM jobs WHERE queue = 'leaderboard' AND status = 'pending' AND run_at < $1)
FROM board_snapshots
ORDER BY id DESC
LIMIT 1
