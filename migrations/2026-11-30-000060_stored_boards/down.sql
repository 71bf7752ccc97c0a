CREATE OR REPLACE FUNCTION on_boards(at timestamptz) RETURNS TABLE (id uuid, key integer)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT users.id, users.key
    FROM users
    WHERE users.deleted_at IS NULL
      AND users.is_public
      AND NOT EXISTS (
          SELECT FROM account_flags AS flag
          WHERE flag.user_id = users.id AND flag.lifted_at IS NULL AND (flag.expires_at IS NULL OR flag.expires_at > at)
      )
$$;
DROP FUNCTION accounts_on_boards;
DROP TABLE board_entries;
DROP TABLE boards;
