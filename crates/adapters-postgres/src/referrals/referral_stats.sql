-- The results of the referrals of $1: accounts by level, XP, clicks.
SELECT
    people.totals,
    coalesce((
        SELECT sum(xp) FROM progress_events WHERE user_id = $1 AND starts_with(reason, 'referral:')
    ), 0)::bigint AS xp,
    clicks.total AS clicks, clicks.converted
FROM (
    SELECT ARRAY[
        count(*) FILTER (WHERE level = 1), count(*) FILTER (WHERE level = 2), count(*) FILTER (WHERE level = 3)
    ] AS totals
    FROM referred_by($1)
) AS people
CROSS JOIN (
    SELECT count(*) AS total, count(converted_at) AS converted FROM referral_clicks WHERE user_id = $1
) AS clicks
