-- Removes the order of all boards but those of the newest snapshot.
WITH newest AS (
    SELECT min(id) AS id FROM boards WHERE snapshot = (SELECT max(id) FROM board_snapshots)
),
entries AS (
    DELETE FROM board_entries WHERE board < (SELECT id FROM newest)
)
DELETE FROM board_pages WHERE board < (SELECT id FROM newest)
