-- For each of the accounts $1 that $2 may see, up to $3 models and tools, by cost and then by tokens.
WITH person AS (
    SELECT seen.id, seen.key FROM visible_to($2) AS seen WHERE seen.id = ANY($1)
)
SELECT person.id, true AS is_model, top.name, top.tokens, top.cost
FROM person
CROSS JOIN LATERAL (
    SELECT models.name, sum(used.tokens)::bigint AS tokens, sum(used.cost) AS cost
    FROM usage_models AS used
    JOIN models ON models.key = used.model_key
    WHERE used.user_key = person.key
    GROUP BY models.name
    ORDER BY sum(used.cost) DESC, sum(used.tokens) DESC, models.name
    LIMIT $3
) AS top
UNION ALL
SELECT person.id, false AS is_model, top.name, top.tokens, top.cost
FROM person
CROSS JOIN LATERAL (
    SELECT sources.name, used.tokens, used.cost
    FROM usage_sources AS used
    JOIN sources ON sources.key = used.source_key
    WHERE used.user_key = person.key
    ORDER BY used.cost DESC, used.tokens DESC, sources.name
    LIMIT $3
) AS top
ORDER BY cost DESC, tokens DESC, name
