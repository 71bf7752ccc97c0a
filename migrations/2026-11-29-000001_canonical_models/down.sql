DROP INDEX models_canonical_idx;
ALTER TABLE models DROP COLUMN canonical;
