-- The duration of the refresh in milliseconds; null for snapshots of older releases. If refreshes are fast, new usage queues one soon.
ALTER TABLE board_snapshots ADD COLUMN took_ms bigint;
