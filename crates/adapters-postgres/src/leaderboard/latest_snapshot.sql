-- The time and the duration of the newest refresh, and whether a refresh that was due before $1 still waits.
SELECT
    computed_at, took_ms,
    EXISTS (SELECT FROM jobs WHERE queue = 'leaderboard' AND status = 'pending' AND run_at < $1) AS is_overdue
FROM board_snapshots
ORDER BY id DESC
LIMIT 1
