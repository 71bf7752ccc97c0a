-- Imports past activities of $1 without notifying the channel. They carry the first possible transaction, so feed readers that
-- resume do not receive them. Equal activities of the same instant are stored once. Returns the number of new ones.
WITH written AS (
    INSERT INTO activities (id, user_id, kind, data, created_at, transaction)
    SELECT past.id, $1, past.kind, past.data::jsonb, past.created_at, '3'::xid8
    FROM (
        SELECT DISTINCT ON (kind, data::jsonb, created_at) id, kind, data, created_at
        FROM unnest($2, $3, $4, $5) AS past (id, kind, data, created_at)
        ORDER BY kind, data::jsonb, created_at, id
    ) AS past
    WHERE NOT EXISTS (
        SELECT FROM activities AS kept
        WHERE kept.user_id = $1
          AND kept.created_at = past.created_at
          AND kept.kind = past.kind
          AND kept.data = past.data::jsonb
    )
    RETURNING created_at
)
INSERT INTO social_counts AS counts (user_id, activities, last_activity_at)
SELECT $1, count(*), max(created_at) FROM written
ON CONFLICT (user_id) DO UPDATE SET
    activities = counts.activities + excluded.activities,
    last_activity_at = greatest(counts.last_activity_at, excluded.last_activity_at)
RETURNING (SELECT count(*) FROM written) AS value
