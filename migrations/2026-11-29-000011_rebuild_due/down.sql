DROP FUNCTION clamped(numeric);
ALTER TABLE usage_totals DROP COLUMN rebuild_due;
