-- Removes and returns accounts whose figures are out of range (I11). Accepted messages cannot cause this: the account is
-- damaged, and a rebuild repairs it.
WITH left_out AS (
    DELETE FROM benchmark_figures
    WHERE user_key IN (
        SELECT user_key FROM benchmark_figures
        WHERE tokens > 1e34 OR abs(cost) > 1e34
    )
    RETURNING user_key
)
SELECT users.id AS value FROM users WHERE users.key IN (SELECT user_key FROM left_out)
