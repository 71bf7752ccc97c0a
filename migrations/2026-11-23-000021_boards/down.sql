DROP FUNCTION on_boards(timestamptz);
DROP INDEX users_hidden_idx;
DROP TABLE board_places;
DROP TABLE board_scores;
DROP TABLE board_snapshots;
