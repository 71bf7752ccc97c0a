-- The tools and models that the messages of an account name, so that their number is bounded without reading the messages.
CREATE TABLE account_names (
    user_key integer NOT NULL,
    -- 1 a key of sources, 2 a key of models.
    kind smallint NOT NULL,
    name_key integer NOT NULL,
    PRIMARY KEY (user_key, kind, name_key)
);

INSERT INTO account_names (user_key, kind, name_key)
SELECT DISTINCT user_key, 1, source_key FROM usage_rollups
UNION ALL
SELECT DISTINCT user_key, 2, model_key FROM usage_rollups;
