-- Tells $1, and queues emails where there are any ($10 to $14). What $1 does not want to be told there, or was told before, is
-- left out; so is an email to an account that is gone, or to an address that nobody has shown to be theirs.
WITH told AS (
    SELECT told.*
    FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $14)
        AS told (
            id, kind, title, message, data, dedup_key, created_at, usually_email, email_job, email_key, payload, priority
        )
),
queued AS (
    INSERT INTO jobs (id, queue, idempotency_key, payload, priority, max_attempts, created_at, run_at)
    SELECT told.email_job, $13, told.email_key, told.payload::jsonb, told.priority, $15, told.created_at, told.created_at
    FROM told
    JOIN users AS reader ON reader.id = $1
    LEFT JOIN notification_preferences AS said ON said.user_id = $1 AND said.kind = told.kind
    WHERE told.email_job IS NOT NULL
      AND reader.deleted_at IS NULL AND reader.email IS NOT NULL AND reader.email_verified
      AND coalesce(said.email, told.usually_email)
      AND NOT EXISTS (
          SELECT FROM notifications AS known
          WHERE known.user_id = $1 AND known.dedup_key = told.dedup_key
      )
    ON CONFLICT (queue, idempotency_key) DO NOTHING
    -- Wakes the workers once the transaction is committed, however many emails there are.
    RETURNING pg_notify('jobs', '')
)
INSERT INTO notifications (id, user_id, kind, title, message, data, dedup_key, created_at)
SELECT told.id, $1, told.kind, told.title, told.message, told.data::jsonb, told.dedup_key, told.created_at
FROM told
WHERE NOT EXISTS (
    SELECT FROM notification_preferences AS preference
    WHERE preference.user_id = $1 AND preference.kind = told.kind AND NOT preference.in_app
)
ON CONFLICT (user_id, dedup_key) DO NOTHING
