DROP TRIGGER flags_change_boards ON account_flags;
DROP TRIGGER accounts_change_boards ON users;
DROP FUNCTION board_version(timestamptz);
DROP FUNCTION note_board_change();
DROP TABLE board_changes;
