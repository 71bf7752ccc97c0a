DELETE FROM usage_messages AS stored
USING
    (SELECT key FROM users WHERE id = $1) AS owner,
    unnest($2, $3) AS gone (source_key, message_key)
WHERE stored.user_key = owner.key
  AND stored.source_key = gone.source_key
  AND stored.message_key = gone.message_key
