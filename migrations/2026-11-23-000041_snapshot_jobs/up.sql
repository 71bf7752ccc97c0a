-- The job that computed a snapshot; null if none did. A later attempt at the job continues after the snapshot. A second snapshot would
-- replace the one that ranks are compared with.
ALTER TABLE board_snapshots ADD COLUMN job uuid;
