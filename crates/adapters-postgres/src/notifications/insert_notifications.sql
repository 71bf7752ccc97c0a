-- Stores notifications of $1, and queues emails where there are any ($10 to $14). The preferences of $1 and earlier
-- notifications with the same key are respected. No email goes to a deleted account or an unverified address.
WITH incoming AS (
    SELECT incoming.*
    FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $14)
        AS incoming (
            id, kind, title, message, data, dedup_key, created_at, usually_email, email_job, email_key, payload, priority
        )
),
queued AS (
    INSERT INTO jobs (id, queue, idempotency_key, payload, priority, max_attempts, created_at, run_at)
    SELECT incoming.email_job, $13, incoming.email_key, incoming.payload::jsonb, incoming.priority, $15, incoming.created_at, incoming.created_at
    FROM incoming
    JOIN users AS reader ON reader.id = $1
    LEFT JOIN notification_preferences AS preference ON preference.user_id = $1 AND preference.kind = incoming.kind
    WHERE incoming.email_job IS NOT NULL
      AND reader.deleted_at IS NULL AND reader.email IS NOT NULL AND reader.email_verified
      AND coalesce(preference.email, incoming.usually_email)
      AND NOT EXISTS (
          SELECT FROM notifications AS known
          WHERE known.user_id = $1 AND known.dedup_key = incoming.dedup_key
      )
    ON CONFLICT (queue, idempotency_key) DO NOTHING
    -- Wakes the workers when the transaction commits.
    RETURNING pg_notify('jobs', '')
)
INSERT INTO notifications (id, user_id, kind, title, message, data, dedup_key, created_at)
SELECT incoming.id, $1, incoming.kind, incoming.title, incoming.message, incoming.data::jsonb, incoming.dedup_key, incoming.created_at
FROM incoming
WHERE NOT EXISTS (
    SELECT FROM notification_preferences AS preference
    WHERE preference.user_id = $1 AND preference.kind = incoming.kind AND NOT preference.in_app
)
ON CONFLICT (user_id, dedup_key) DO NOTHING
