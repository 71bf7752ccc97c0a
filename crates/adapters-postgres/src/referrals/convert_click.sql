-- Marks a click on the link of $1 as converted at $3: the oldest unconverted one of the visitor $2, otherwise the oldest.
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
