INSERT INTO notification_preferences (user_id, kind, in_app, email)
SELECT $1, past.kind, past.in_app, past.email
FROM unnest($2, $3, $4) AS past (kind, in_app, email)
ON CONFLICT DO NOTHING
