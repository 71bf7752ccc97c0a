-- Gives the models $1, $2 (names and providers) the canonical names $3, in the order of their keys, so that concurrent
-- statements do not deadlock.
WITH wanted AS MATERIALIZED (
    SELECT models.key, named.canonical
    FROM unnest($1, $2, $3) AS named (name, provider, canonical)
    JOIN models USING (name, provider)
    ORDER BY models.key
    FOR NO KEY UPDATE OF models
)
UPDATE models SET canonical = wanted.canonical FROM wanted WHERE models.key = wanted.key
