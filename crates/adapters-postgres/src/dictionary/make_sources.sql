INSERT INTO sources (name)
SELECT name FROM unnest($1) AS wanted (name) ORDER BY name
ON CONFLICT DO NOTHING
RETURNING key, name, '' AS provider
