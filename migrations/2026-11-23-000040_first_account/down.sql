CREATE OR REPLACE FUNCTION next_account_number() RETURNS integer
LANGUAGE sql VOLATILE AS $$
    UPDATE account_counter SET made = made + 1 RETURNING made
$$;

ALTER TABLE account_counter DROP COLUMN first_at;
