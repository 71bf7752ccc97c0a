-- Removes earlier findings that are not among the accounts $1 with the kinds $2.
DELETE FROM plausibility_reasons AS reasons
WHERE NOT EXISTS (
    SELECT FROM unnest($1, $2) AS found (user_id, kind) WHERE found.user_id = reasons.user_id AND found.kind = reasons.kind
)
