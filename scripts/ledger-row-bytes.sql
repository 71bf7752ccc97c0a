-- Bytes per row of the ledger with a column for the project in several forms, on 500,000 messages with costs as of real models:
--
--     psql "$DATABASE_URL" -f scripts/ledger-row-bytes.sql
--
-- It makes temporary tables only. The row of a form without a project is that of most messages.
\set QUIET on
\pset footer off
CREATE FUNCTION pg_temp.fill(form text, column_type text, project text) RETURNS TABLE (column_form text, heap_bytes_per_row numeric) AS $$
BEGIN
    CREATE TEMPORARY TABLE filled (LIKE usage_messages);
    ALTER TABLE filled DROP COLUMN IF EXISTS project_key;
    -- A dropped column leaves a null; a copy has none.
    EXECUTE 'CREATE TEMPORARY TABLE rows_of_form AS SELECT * FROM filled';
    IF column_type <> '' THEN
        EXECUTE 'ALTER TABLE rows_of_form ADD COLUMN project_key ' || column_type;
    END IF;
    EXECUTE '
        INSERT INTO rows_of_form (
            message_key, at, input, output, cache_read, cache_write, cache_write_1h, reasoning, user_key, source_key, model_key,
            machine_key, flags, cost, parser_version' || CASE WHEN column_type <> '' THEN ', project_key' ELSE '' END || '
        )
        SELECT
            md5(n::text)::uuid, now(), 1000, 200, 50000, 3000, 0, 0, n % 20, 1, 1, 1, 0,
            -- Input, output, cache reads and writes of a model at 3, 15, 0.3 and 3.75 USD for a million tokens.
            (5 + n % 3000) * 0.000003 + (20 + n % 2000) * 0.000015 + (n % 60000) * 0.0000003 + (n % 6000) * 0.00000375,
            1' || CASE WHEN column_type <> '' THEN ', ' || project ELSE '' END || '
        FROM generate_series(1, 500000) AS n';
    RETURN QUERY SELECT form, round(pg_relation_size('rows_of_form') / 500000.0, 1);
    DROP TABLE filled, rows_of_form;
END
$$ LANGUAGE plpgsql;

SELECT * FROM pg_temp.fill('no column', '', '')
UNION ALL
SELECT * FROM pg_temp.fill('smallint, 0 is no project; without', 'smallint NOT NULL DEFAULT 0', '0')
UNION ALL
SELECT * FROM pg_temp.fill('smallint, 0 is no project; with', 'smallint NOT NULL DEFAULT 0', '7')
UNION ALL
SELECT * FROM pg_temp.fill('smallint, nullable; without', 'smallint', 'NULL')
UNION ALL
SELECT * FROM pg_temp.fill('smallint, nullable; with', 'smallint', '7')
UNION ALL
SELECT * FROM pg_temp.fill('integer, 0 is no project', 'integer NOT NULL DEFAULT 0', '7');
