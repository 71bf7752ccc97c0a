-- The accounts of the board: all that boards show, of the region.
ranking AS (
    SELECT shown.id, shown.key
    FROM on_boards($6) AS shown
    WHERE $9::text IS NULL OR shown.id IN (SELECT id FROM users WHERE region = $9)
),
