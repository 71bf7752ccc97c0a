-- Whether the derived rows of an account follow the rules of an older release. They are rebuilt before their next change, or by
-- `worker rebuild --all`.
ALTER TABLE usage_totals ADD COLUMN rebuild_due boolean NOT NULL DEFAULT false;

-- Older releases accepted more reasoning than the output that includes it (flag 1), and counted all of it.
UPDATE usage_totals SET rebuild_due = true
WHERE user_key IN (SELECT user_key FROM usage_messages WHERE flags & 1 = 1 AND reasoning > output);

-- A sum as the nearest bigint. Sums of accepted messages always fit; sums from older releases may not.
CREATE FUNCTION clamped(total numeric) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN total > 9223372036854775807 THEN 9223372036854775807
        WHEN total < -9223372036854775808 THEN -9223372036854775808
        ELSE total::bigint
    END
$$;
