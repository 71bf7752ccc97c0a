-- How long the refresh took, in milliseconds; null of older releases. Boards that are computed fast are computed again soon after
-- new usage.
ALTER TABLE board_snapshots ADD COLUMN took_ms bigint;
