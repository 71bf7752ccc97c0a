-- Freezes the season of the month $1, which ends on $2: the first $4 of the accounts with usage that boards show at $3. If the
-- season exists, nothing is written.
WITH used AS (
    SELECT people.id, people.key, sum(days.tokens)::bigint AS tokens, sum(days.cost) AS cost, max(days.day) AS reached
    FROM usage_days AS days
    JOIN on_boards($3) AS people ON people.key = days.user_key
    WHERE days.day BETWEEN $1 AND $2 AND days.tokens > 0
    GROUP BY people.id, people.key
),
season AS (
    INSERT INTO seasons (month, frozen_at, people)
    SELECT $1, $3, count(*)::integer FROM used
    ON CONFLICT (month) DO NOTHING
    RETURNING month
),
ranked AS (
    SELECT
        used.*,
        rank() OVER (ORDER BY tokens DESC) AS rank,
        row_number() OVER (ORDER BY tokens DESC, reached, id) AS position
    FROM used
)
INSERT INTO season_entries (month, position, rank, user_key, tokens, cost)
SELECT season.month, ranked.position::integer, ranked.rank::integer, ranked.key, ranked.tokens, ranked.cost
FROM season
CROSS JOIN ranked
WHERE ranked.position <= $4
