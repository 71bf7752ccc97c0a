-- Of the clicks on the link of $1 for which nobody signed up: the oldest of the visitor $2, else the oldest.
UPDATE referral_clicks
SET converted_at = $3
WHERE id = coalesce(
    (
        SELECT id FROM referral_clicks
        WHERE user_id = $1 AND visitor = $2 AND converted_at IS NULL
        ORDER BY clicked_at, id
        LIMIT 1
    ),
    (
        SELECT id FROM referral_clicks
        WHERE user_id = $1 AND converted_at IS NULL
        ORDER BY clicked_at, id
        LIMIT 1
    )
)
