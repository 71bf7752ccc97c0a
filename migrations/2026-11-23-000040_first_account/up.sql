-- When the first account was made here; null before. An account that was brought along says when it was made elsewhere, and
-- one that is removed for good says nothing any more.
ALTER TABLE account_counter ADD COLUMN first_at timestamptz;

UPDATE account_counter SET first_at = (SELECT created_at FROM users ORDER BY number LIMIT 1);

CREATE OR REPLACE FUNCTION next_account_number() RETURNS integer
LANGUAGE sql VOLATILE AS $$
    UPDATE account_counter SET made = made + 1, first_at = coalesce(first_at, now()) RETURNING made
$$;
