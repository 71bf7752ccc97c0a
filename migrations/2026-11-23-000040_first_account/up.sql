-- When the first account was created on this instance; null before. It cannot be read from
-- users: an imported account keeps its time of creation on another instance, and a purged account has none.
ALTER TABLE account_counter ADD COLUMN first_at timestamptz;

UPDATE account_counter SET first_at = (SELECT created_at FROM users ORDER BY number LIMIT 1);

CREATE OR REPLACE FUNCTION next_account_number() RETURNS integer
LANGUAGE sql VOLATILE AS $$
    UPDATE account_counter SET made = made + 1, first_at = coalesce(first_at, now()) RETURNING made
$$;
