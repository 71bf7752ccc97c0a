-- The season of the month $1 with the entries that boards show at $2; one row without an account where there is none.
SELECT
    seasons.frozen_at, seasons.people,
    users.id, users.username, users.name, users.image, entries.rank, entries.tokens, entries.cost
FROM seasons
LEFT JOIN (
    season_entries AS entries
    JOIN on_boards($2) AS shown ON shown.key = entries.user_key
    JOIN users ON users.key = shown.key
) ON entries.month = seasons.month
WHERE seasons.month = $1
ORDER BY entries.position
