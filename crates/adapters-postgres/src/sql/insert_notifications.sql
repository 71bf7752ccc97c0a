-- What $1 does not want to be told, or was told before, is left out.
INSERT INTO notifications (id, user_id, kind, title, message, data, dedup_key, created_at)
SELECT told.id, $1, told.kind, told.title, told.message, told.data::jsonb, told.dedup_key, told.created_at
FROM unnest($2, $3, $4, $5, $6, $7, $8) AS told (id, kind, title, message, data, dedup_key, created_at)
WHERE NOT EXISTS (
    SELECT FROM notification_preferences AS preference
    WHERE preference.user_id = $1 AND preference.kind = told.kind AND NOT preference.in_app
)
ON CONFLICT (user_id, dedup_key) DO NOTHING
