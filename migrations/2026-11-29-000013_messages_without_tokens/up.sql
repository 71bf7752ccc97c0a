-- A message without tokens is stored and counts for nothing. Older releases counted it, and left its cost open if its model has no price.
UPDATE usage_messages SET cost = 0
WHERE cost IS NULL AND input = 0 AND output = 0 AND cache_read = 0 AND cache_write = 0 AND (reasoning = 0 OR flags & 1 = 1);

UPDATE usage_totals SET rebuild_due = true
WHERE user_key IN (
    SELECT user_key FROM usage_messages
    WHERE input = 0 AND output = 0 AND cache_read = 0 AND cache_write = 0 AND (reasoning = 0 OR flags & 1 = 1)
);

-- Removes rows with only such messages: they show a tool, a model or a day without usage. The rebuild removes such messages from the
-- other rows.
DELETE FROM usage_rollups WHERE tokens = 0;
DELETE FROM usage_days WHERE tokens = 0;
DELETE FROM usage_hours WHERE tokens = 0;

-- Whether a machine ever sent a message with tokens; achievements count only such machines.
ALTER TABLE machines ADD COLUMN has_usage boolean NOT NULL DEFAULT true;
