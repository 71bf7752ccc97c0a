-- The messages of the account $1, the tool $2 and the machine $3, those of protocol 2 among them, and the start of the handover. One
-- row, also if any of the three is unknown.
WITH wanted AS (
    SELECT
        (SELECT key FROM users WHERE id = $1) AS user_key,
        (SELECT key FROM sources WHERE name = $2) AS source_key,
        (SELECT key FROM machines WHERE user_key = (SELECT key FROM users WHERE id = $1) AND name = $3) AS machine_key
)
SELECT counted.*, (
    SELECT since FROM handovers WHERE machine_key = wanted.machine_key AND source_key = wanted.source_key
) AS since
FROM wanted, LATERAL (
    SELECT
        max(at) AS newest_at,
        count(*) AS messages,
        count(*) FILTER (WHERE flags & 8 = 0 AND parser_version = 0) AS messages_protocol_2
    FROM usage_messages
    WHERE user_key = wanted.user_key AND source_key = wanted.source_key AND machine_key = wanted.machine_key
) AS counted
