-- The job that computed a snapshot; null where none did. Another attempt at it goes on where the one before ended, and does
-- not put a second snapshot of the same hour in the place of what ranks are compared with.
ALTER TABLE board_snapshots ADD COLUMN job uuid;
