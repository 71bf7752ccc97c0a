-- Removes the entries of all boards but those of the newest snapshot.
DELETE FROM board_entries
WHERE board < (SELECT min(id) FROM boards WHERE snapshot = (SELECT max(id) FROM board_snapshots))
