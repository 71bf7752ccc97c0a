-- Rows that are stored already are ignored.
INSERT INTO price_rows (origin, model, provider, valid_from, prices, created_at)
SELECT 'live', row.model, row.provider, row.valid_from, row.prices, $5
FROM unnest($1, $2, $3, $4) AS row (model, provider, valid_from, prices)
ON CONFLICT (model, provider, valid_from) WHERE origin = 'live' DO NOTHING
