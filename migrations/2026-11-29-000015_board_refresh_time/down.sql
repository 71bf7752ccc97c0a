ALTER TABLE board_snapshots DROP COLUMN took_ms;
