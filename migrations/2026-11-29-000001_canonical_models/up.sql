-- The one name of the model, however tools spell it: models are counted by it. The domain computes it where a name is first stored, and
-- the worker brings it up to date when the price book changes. Null until then for rows of before.
ALTER TABLE models ADD COLUMN canonical text;

CREATE INDEX models_canonical_idx ON models (coalesce(canonical, name));
