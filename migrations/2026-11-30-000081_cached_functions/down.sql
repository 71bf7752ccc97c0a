CREATE OR REPLACE FUNCTION can_see(viewer uuid, person uuid) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT EXISTS (SELECT FROM visible_to(viewer) AS seen WHERE seen.id = person)
$$;

CREATE OR REPLACE FUNCTION current_rank(account integer) RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT ranks[1]
    FROM board_scores
    WHERE snapshot = (SELECT max(id) FROM board_snapshots)
      AND tool = 0 AND model = 0 AND period = 1 AND user_key = account
$$;
