-- Everybody who may have a rank, with their local date: of the zones $1, today is $2. Whom boards show at $3 takes a rank from
-- others; who was deleted is left out.
CREATE TEMPORARY TABLE board_people ON COMMIT DROP AS
SELECT users.key AS user_key, users.id, zones.today, shown.key IS NOT NULL AS shown
FROM users
JOIN unnest($1, $2) AS zones (name, today) ON zones.name = coalesce(users.timezone, 'UTC')
LEFT JOIN on_boards($3) AS shown ON shown.key = users.key
WHERE users.deleted_at IS NULL
