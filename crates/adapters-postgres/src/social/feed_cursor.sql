SELECT
    id AS activity_id, created_at AS happened_at, transaction::text::bigint AS transaction, horizon::text::bigint AS horizon
FROM activities
WHERE id = $1
