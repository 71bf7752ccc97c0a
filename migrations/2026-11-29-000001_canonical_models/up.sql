-- The canonical name, by which models are counted. The domain computes it when a name is first stored, and the worker updates it when
-- the price book changes. Until then it is null in existing rows.
ALTER TABLE models ADD COLUMN canonical text;

CREATE INDEX models_canonical_idx ON models (coalesce(canonical, name));
