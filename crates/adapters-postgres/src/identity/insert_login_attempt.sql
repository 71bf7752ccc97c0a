-- Counts an attempt of the key $1 at $2, unless $4 attempts came after $3 already. It is one statement, so that concurrent
-- attempts wait for the row and each sees the attempts before it.
INSERT INTO login_attempts AS known (name_hash, tries, let_through, last_at)
VALUES ($1, ARRAY[$2], true, $2)
ON CONFLICT (name_hash) DO UPDATE
SET (tries, let_through, last_at) = (
    SELECT CASE WHEN free THEN counted || $2 ELSE counted END, free, greatest(known.last_at, $2)
    FROM (SELECT ARRAY(SELECT at FROM unnest(known.tries) AS at WHERE at > $3 ORDER BY at) AS counted) AS before
    CROSS JOIN LATERAL (SELECT cardinality(counted) < $4 AS free) AS verdict
)
RETURNING let_through, tries
