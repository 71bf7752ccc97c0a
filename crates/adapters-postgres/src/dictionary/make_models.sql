INSERT INTO models (name, provider, canonical)
SELECT name, provider, canonical FROM unnest($1, $2, $3) AS wanted (name, provider, canonical) ORDER BY name, provider
ON CONFLICT DO NOTHING
RETURNING key, name, provider
