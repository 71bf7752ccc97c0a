-- The referral chain above $1, the nearest first, at most $2 accounts.
WITH RECURSIVE above AS (
    SELECT referrals.referrer_id AS id, 1 AS level FROM referrals WHERE referrals.referred_id = $1
    UNION ALL
    SELECT referrals.referrer_id, above.level + 1
    FROM above
    JOIN referrals ON referrals.referred_id = above.id
    WHERE above.level < $2
)
SELECT id AS value FROM above WHERE level <= $2 ORDER BY level
