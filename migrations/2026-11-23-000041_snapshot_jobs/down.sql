ALTER TABLE board_snapshots DROP COLUMN job;
