-- Changes since the newest refresh of what boards show of accounts. A page that was read before is still true if there was none. Each
-- statement that changes accounts adds a row, and a refresh removes the rows: a counter would make concurrent changes wait for each other.
CREATE TABLE board_changes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY
);

CREATE FUNCTION note_board_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO board_changes DEFAULT VALUES;
    RETURN NULL;
END
$$;

CREATE TRIGGER accounts_change_boards
    AFTER UPDATE OF username, name, image, region, is_public, created_at, updated_at, deleted_at OR DELETE ON users
    FOR EACH STATEMENT EXECUTE FUNCTION note_board_change();

CREATE TRIGGER flags_change_boards
    AFTER INSERT OR UPDATE OR DELETE ON account_flags
    FOR EACH STATEMENT EXECUTE FUNCTION note_board_change();

-- What pages of boards depend on at an instant: the newest refresh, the changes since, and the flags that have expired. Later versions are
-- greater. Null before the first refresh.
CREATE FUNCTION board_version(at timestamptz) RETURNS bigint[]
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (
        SELECT ARRAY[
            max(id)::bigint,
            (SELECT count(*) FROM board_changes),
            (SELECT count(*) FROM account_flags WHERE lifted_at IS NULL AND expires_at <= at)
        ]
        FROM board_snapshots
        HAVING max(id) IS NOT NULL
    );
END
$$;
