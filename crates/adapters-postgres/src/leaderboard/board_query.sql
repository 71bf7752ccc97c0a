-- A part of a filtered board of the measure $1 and the period $2: $4 entries after $3 others, as $5 sees it at $6, and the entry
-- of $5. $7 is a tool, $8 a model, $9 a region; null matches all.
WITH
latest AS MATERIALIZED (
    SELECT id, lead(id) OVER (ORDER BY id DESC) AS before, computed_at FROM board_snapshots ORDER BY id DESC LIMIT 1
),
-- An unknown name has the scope null, so no entries. Every spelling of a model is the scope of its canonical name.
named AS MATERIALIZED (
    SELECT coalesce((SELECT coalesce(canonical, name) FROM models WHERE name = $8 ORDER BY key LIMIT 1), $8::text) AS canonical
),
scope AS MATERIALIZED (
    SELECT
        CASE WHEN $7::text IS NULL THEN 0 ELSE (SELECT key FROM sources WHERE name = $7) END AS tool,
        CASE WHEN $8::text IS NULL THEN 0 ELSE
            (SELECT min(key) FROM models WHERE coalesce(canonical, name) = (SELECT named.canonical FROM named))
        END AS model
),
