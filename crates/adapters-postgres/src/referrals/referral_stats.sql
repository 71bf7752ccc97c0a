-- What the referrals of $1 have come to: people by level, XP, clicks.
SELECT
    people.one, people.two, people.three,
    coalesce((
        SELECT sum(xp) FROM progress_events WHERE user_id = $1 AND starts_with(reason, 'referral:')
    ), 0)::bigint,
    clicks.total, clicks.converted
FROM (
    SELECT
        count(*) FILTER (WHERE level = 1) AS one,
        count(*) FILTER (WHERE level = 2) AS two,
        count(*) FILTER (WHERE level = 3) AS three
    FROM referred_by($1)
) AS people
CROSS JOIN (
    SELECT count(*) AS total, count(converted_at) AS converted FROM referral_clicks WHERE user_id = $1
) AS clicks
