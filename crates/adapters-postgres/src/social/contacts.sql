,
-- The page of the list that is asked for: $3 people after $4 others.
page AS (
    SELECT id, since FROM listed ORDER BY since DESC, id LIMIT $3 OFFSET $4
),
-- Materialized, so that it is asked once per person whether $2 may see them.
shown AS MATERIALIZED (
    SELECT id, since, can_see($2, id) AS is_open FROM page
)
SELECT
    users.id, users.username, users.name, users.image,
    -- When somebody followed says when they were here: of people whom $2 may not see, only the owner of the list learns it.
    CASE WHEN shown.is_open OR $1 = $2 THEN shown.since END,
    CASE WHEN shown.is_open THEN users.bio END,
    CASE WHEN shown.is_open THEN totals.tokens END,
    CASE WHEN shown.is_open THEN totals.active_days END,
    CASE WHEN shown.is_open THEN totals.event_xp END
FROM shown
JOIN users ON users.id = shown.id
JOIN usage_totals AS totals ON totals.user_key = users.key
ORDER BY shown.since DESC, shown.id
