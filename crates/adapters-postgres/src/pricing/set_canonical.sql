-- Gives the models $1, $2 (names and providers) the canonical names $3, in the order of their keys: two workers that do so at once wait
-- for each other, and never in a circle.
WITH wanted AS MATERIALIZED (
    SELECT models.key, named.canonical
    FROM unnest($1, $2, $3) AS named (name, provider, canonical)
    JOIN models USING (name, provider)
    ORDER BY models.key
    FOR NO KEY UPDATE OF models
)
UPDATE models SET canonical = wanted.canonical FROM wanted WHERE models.key = wanted.key
