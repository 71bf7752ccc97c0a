SELECT models.key, models.name, models.provider
FROM models
JOIN unnest($1, $2) AS wanted (name, provider) USING (name, provider)
