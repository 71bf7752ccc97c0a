ALTER TABLE users DROP COLUMN number;
DROP FUNCTION next_account_number();
DROP TABLE account_counter;
