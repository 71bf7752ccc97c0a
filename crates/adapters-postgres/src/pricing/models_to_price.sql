-- Skips from one key to the next: as many steps through the index as there are models, not messages.
WITH RECURSIVE unpriced (model_key) AS (
    (SELECT model_key FROM usage_messages WHERE cost IS NULL ORDER BY model_key LIMIT 1)
    UNION ALL
    SELECT (
        SELECT stored.model_key
        FROM usage_messages AS stored
        WHERE stored.cost IS NULL AND stored.model_key > unpriced.model_key
        ORDER BY stored.model_key
        LIMIT 1
    )
    FROM unpriced
    WHERE unpriced.model_key IS NOT NULL
)
SELECT models.key, models.name, models.provider
FROM unpriced
JOIN models ON models.key = unpriced.model_key
