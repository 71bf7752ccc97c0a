-- Removes and returns accounts whose sums are out of range (I11). Accepted messages cannot cause this: the account is damaged, or
-- older than the rules that prevent it, and a rebuild repairs it.
WITH left_out AS (
    DELETE FROM board_scopes
    WHERE user_key IN (
        SELECT user_key FROM board_scopes
        WHERE tool = 0 AND model = 0
          AND (
              greatest(tokens_1, input_1, cached_1, reasoning_1) > 9223372036854775807
              OR least(tokens_1, input_1, cached_1, reasoning_1) < 0
          )
    )
    RETURNING user_key
)
SELECT users.id AS value FROM users WHERE users.key IN (SELECT user_key FROM left_out)
