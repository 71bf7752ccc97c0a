-- The newest $2 accounts referred by $1, as $1 may see them.
WITH listed AS (
    SELECT referrals.referred_id AS id, referrals.created_at, referrals.paid_at
    FROM referrals
    JOIN users ON users.id = referrals.referred_id AND users.deleted_at IS NULL
    WHERE referrals.referrer_id = $1
    ORDER BY referrals.created_at DESC, referrals.referred_id
    LIMIT $2
),
-- Materialized, so that can_see runs once per account.
shown AS MATERIALIZED (
    SELECT *, can_see($1, id) AS is_open FROM listed
)
SELECT
    users.id, users.username, users.name, users.image,
    shown.is_open, totals.tokens AS lifetime_tokens, totals.active_days, totals.event_xp,
    shown.created_at AS joined_at, shown.paid_at IS NOT NULL AS is_active, coalesce(paid.xp, 0) AS paid
FROM shown
JOIN users ON users.id = shown.id
JOIN usage_totals AS totals ON totals.user_key = users.key
LEFT JOIN progress_events AS paid ON paid.user_id = $1 AND paid.reason = 'referral:' || shown.id::text
ORDER BY shown.created_at DESC, shown.id
