-- Follows figures_columns.sql: the users called $1, each as the viewer in the same place of $2 may see them, with its place. The figures of a
-- hidden one are null. The tokens are of the days from its element of $3 to that of $4, both included, between those of as many days that
-- end a day earlier and a day later.
    look.place,
    users.id, users.username, users.email, users.email_verified, users.name, users.bio, users.location, users.region,
    users.website_url, users.image, users.is_public, users.is_admin, users.timezone, users.created_at, users.updated_at,
    totals.user_key IS NOT NULL AS is_visible,
    windows.tokens AS window_tokens
FROM unnest($1, $2, $3, $4) WITH ORDINALITY AS look (name, viewer, first_day, last_day, place)
JOIN users ON lower(users.username) = look.name AND users.deleted_at IS NULL
LEFT JOIN usage_totals AS totals ON totals.user_key = users.key AND can_see(look.viewer, users.id)
CROSS JOIN LATERAL (
    SELECT ARRAY[
        coalesce(sum(tokens) FILTER (WHERE day BETWEEN look.first_day - 1 AND look.last_day - 1), 0),
        coalesce(sum(tokens) FILTER (WHERE day BETWEEN look.first_day AND look.last_day), 0),
        coalesce(sum(tokens) FILTER (WHERE day BETWEEN look.first_day + 1 AND look.last_day + 1), 0)
    ]::bigint[] AS tokens
    FROM usage_days
    WHERE user_key = totals.user_key AND day BETWEEN look.first_day - 1 AND look.last_day + 1
) AS windows
