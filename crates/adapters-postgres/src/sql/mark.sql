SELECT id, created_at, horizon::text::bigint FROM activities WHERE id = $1
