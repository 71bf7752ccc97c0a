-- The accounts that have ranks, with their local date ($2 is the date in the zones $1), whether boards show them at $3, their place
-- in the order of ids, which orders equal scores, and the number of their region. Only shown accounts lower the ranks of others.
-- Deleted accounts are left out.
CREATE TEMPORARY TABLE board_people ON COMMIT DROP AS
SELECT
    users.key AS user_key, users.id, (row_number() OVER (ORDER BY users.id))::integer AS ordinal,
    array_position(ARRAY['NA', 'EU', 'APAC', 'SA', 'AF', 'OCE'], users.region) AS region,
    zones.today, shown.key IS NOT NULL AS shown
FROM users
JOIN unnest($1, $2) AS zones (name, today) ON zones.name = coalesce(users.timezone, 'UTC')
LEFT JOIN on_boards($3) AS shown ON shown.key = users.key
WHERE users.deleted_at IS NULL
