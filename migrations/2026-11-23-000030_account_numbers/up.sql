-- Which account of this instance it was, from 1, without gaps and for good: keys have gaps, of sign-ups that collided.
CREATE TABLE account_counter (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    made integer NOT NULL
);

INSERT INTO account_counter (made) SELECT count(*) FROM users;

-- Whoever makes an account waits for others who do until they commit, so a number that was not kept is given to the next.
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
