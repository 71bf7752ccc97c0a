INSERT INTO notification_preferences (user_id, kind, in_app, email)
SELECT $1, said.kind, said.in_app, said.email
FROM unnest($2, $3, $4) AS said (kind, in_app, email)
ON CONFLICT DO NOTHING
