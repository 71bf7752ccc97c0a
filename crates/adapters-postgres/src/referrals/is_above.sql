-- Whether $2 is somewhere above $1. UNION, so that it would end even in a circle.
WITH RECURSIVE above AS (
    SELECT referrals.referrer_id AS id FROM referrals WHERE referrals.referred_id = $1
    UNION
    SELECT referrals.referrer_id
    FROM above
    JOIN referrals ON referrals.referred_id = above.id
    -- What is above $2 does not matter.
    WHERE above.id <> $2
)
SELECT EXISTS (SELECT FROM above WHERE id = $2)
