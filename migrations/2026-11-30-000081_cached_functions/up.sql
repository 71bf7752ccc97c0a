-- PostgreSQL parses and plans a function in SQL each time a statement with it begins, unless it can inline it, which it cannot if the
-- function reads a table for a single value. The plans of PL/pgSQL last as long as the connection.
CREATE OR REPLACE FUNCTION can_see(viewer uuid, person uuid) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM visible_to(viewer) AS seen WHERE seen.id = person);
END
$$;

CREATE OR REPLACE FUNCTION current_rank(account integer) RETURNS integer
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (
        SELECT ranks[1]
        FROM board_scores
        WHERE snapshot = (SELECT max(id) FROM board_snapshots)
          AND tool = 0 AND model = 0 AND period = 1 AND user_key = account
    );
END
$$;
