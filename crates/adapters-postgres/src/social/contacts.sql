,
-- $3 accounts after $4 others.
page AS (
    SELECT id, since FROM listed ORDER BY since DESC, id LIMIT $3 OFFSET $4
),
-- Materialized, so that can_see runs once per account.
shown AS MATERIALIZED (
    SELECT id, since, can_see($2, id) AS is_open FROM page
)
SELECT
    users.id, users.username, users.name, users.image,
    -- The time of a follow reveals activity: only the owner of the list sees it of accounts that $2 may not see.
    CASE WHEN shown.is_open OR $1 = $2 THEN shown.since END AS since,
    CASE WHEN shown.is_open THEN users.bio END AS bio,
    CASE WHEN shown.is_open THEN totals.tokens END AS tokens,
    CASE WHEN shown.is_open THEN totals.active_days END AS active_days,
    CASE WHEN shown.is_open THEN totals.event_xp END AS event_xp
FROM shown
JOIN users ON users.id = shown.id
JOIN usage_totals AS totals ON totals.user_key = users.key
ORDER BY shown.since DESC, shown.id
