-- The older release counts messages without tokens again: its `worker rebuild --all` adds their rows.
ALTER TABLE machines DROP COLUMN has_usage;
