-- Imports past notifications of $1, whatever the preferences are now.
INSERT INTO notifications (id, user_id, kind, title, message, data, dedup_key, created_at, read_at)
SELECT past.id, $1, past.kind, past.title, past.message, past.data::jsonb, past.dedup_key, past.created_at, past.read_at
FROM unnest($2, $3, $4, $5, $6, $7, $8, $9)
    AS past (id, kind, title, message, data, dedup_key, created_at, read_at)
ON CONFLICT (user_id, dedup_key) DO NOTHING
