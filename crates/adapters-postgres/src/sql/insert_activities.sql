INSERT INTO activities (id, user_id, kind, data, created_at)
SELECT activity.id, $1, activity.kind, activity.data::jsonb, activity.created_at
FROM unnest($2, $3, $4, $5) AS activity (id, kind, data, created_at)
