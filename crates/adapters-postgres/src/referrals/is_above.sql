-- Whether $2 is above $1 in the referral chain. UNION ends the recursion even in a cycle.
WITH RECURSIVE above AS (
    SELECT referrals.referrer_id AS id FROM referrals WHERE referrals.referred_id = $1
    UNION
    SELECT referrals.referrer_id
    FROM above
    JOIN referrals ON referrals.referred_id = above.id
    -- The chain above $2 does not matter.
    WHERE above.id <> $2
)
SELECT EXISTS (SELECT FROM above WHERE id = $2) AS value
