-- Leaves out the accounts whose figures no benchmark can hold, and returns them. Accepted messages never lead there: the account
-- is damaged, and a rebuild mends it.
WITH left_out AS (
    DELETE FROM benchmark_figures
    WHERE user_key IN (
        SELECT user_key FROM benchmark_figures
        WHERE tokens > 1e34 OR abs(cost) > 1e34
    )
    RETURNING user_key
)
SELECT users.id FROM users WHERE users.key IN (SELECT user_key FROM left_out)
