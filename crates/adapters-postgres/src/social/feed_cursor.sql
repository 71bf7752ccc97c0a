SELECT id, created_at, transaction::text::bigint, horizon::text::bigint FROM activities WHERE id = $1
