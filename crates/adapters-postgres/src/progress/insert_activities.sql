-- Stores and counts activities of $1, and notifies the channel when the transaction commits. Notifications of one transaction are
-- in the order of time and id, so a resume point tells which of them a reader has received (I6).
WITH written AS (
    INSERT INTO activities (id, user_id, kind, data, created_at)
    SELECT activity.id, $1, activity.kind, activity.data::jsonb, activity.created_at
    FROM unnest($2, $3, $4, $5) AS activity (id, kind, data, created_at)
    RETURNING id, created_at
),
counted AS (
    INSERT INTO social_counts (user_id, activities, last_activity_at)
    SELECT $1, count(*), max(created_at) FROM written
    ON CONFLICT (user_id) DO UPDATE SET
        activities = social_counts.activities + excluded.activities,
        last_activity_at = greatest(social_counts.last_activity_at, excluded.last_activity_at)
)
SELECT pg_notify('activities', id::text)::text FROM written ORDER BY created_at, id
