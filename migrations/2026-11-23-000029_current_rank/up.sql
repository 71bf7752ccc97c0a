-- The rank of an account on the newest board of all time by tokens; null without one.
CREATE FUNCTION current_rank(account integer) RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT ranks[1]
    FROM board_scores
    WHERE snapshot = (SELECT max(id) FROM board_snapshots)
      AND tool = 0 AND model = 0 AND period = 1 AND user_key = account
$$;
