-- The permanent number of an account on this instance, from 1, without gaps. Keys have gaps, from registrations that failed.
CREATE TABLE account_counter (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    made integer NOT NULL
);

INSERT INTO account_counter (made) SELECT count(*) FROM users;

-- A transaction that creates an account waits until the one before it has ended, so a number that was rolled back is given again.
CREATE FUNCTION next_account_number() RETURNS integer
LANGUAGE sql VOLATILE AS $$
    UPDATE account_counter SET made = made + 1 RETURNING made
$$;

ALTER TABLE users ADD COLUMN number integer;

UPDATE users SET number = numbered.number
FROM (SELECT key, row_number() OVER (ORDER BY key) AS number FROM users) AS numbered
WHERE numbered.key = users.key;

ALTER TABLE users
    ALTER COLUMN number SET NOT NULL,
    ALTER COLUMN number SET DEFAULT next_account_number();
