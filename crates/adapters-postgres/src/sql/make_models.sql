INSERT INTO models (name, provider)
SELECT name, provider FROM unnest($1, $2) AS wanted (name, provider) ORDER BY name, provider
ON CONFLICT DO NOTHING
RETURNING key, name, provider
