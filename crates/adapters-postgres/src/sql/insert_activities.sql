INSERT INTO activities (id, user_id, type, data, created_at)
SELECT activity.id, $1, activity.type, activity.data::jsonb, activity.created_at
FROM unnest($2, $3, $4, $5) AS activity (id, type, data, created_at)
