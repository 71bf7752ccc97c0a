-- The facts about $1 beside the roll-ups, with the totals and the tokens of the days $2 to $3; no row when $4 may not see $1.
SELECT
    coalesce(counts.followers, 0)::bigint AS followers,
    coalesce(counts.following, 0)::bigint AS following,
    referred.referrals, referred.network AS referral_network,
    num_nonnulls(users.name, users.bio, users.location, users.region, users.website_url, users.image) AS profile_fields,
    users.number AS account_number,
    users.created_at AS registered_at,
    coalesce((SELECT rank FROM best_ranks WHERE user_id = users.id), 0) AS best_rank,
    current_rank(users.key) AS rank,
    coalesce((
        SELECT sum(tokens) FROM usage_days WHERE user_key = users.key AND day BETWEEN $2 AND $3
    ), 0)::bigint AS monthly_tokens,
    totals.event_xp,
    totals.messages, totals.tokens, totals.input, totals.output, totals.cache_read, totals.cache_write, totals.reasoning,
    totals.unpriced_tokens, totals.unpriced_messages, totals.estimated_messages, totals.cost
FROM visible_to($4) AS person
JOIN users ON users.id = person.id
JOIN usage_totals AS totals ON totals.user_key = users.key
LEFT JOIN social_counts AS counts ON counts.user_id = users.id
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE level = 1) AS referrals, count(*) AS network FROM referred_by(users.id)
) AS referred
WHERE person.id = $1
