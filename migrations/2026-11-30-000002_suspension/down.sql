ALTER TABLE users DROP COLUMN suspension, DROP COLUMN password_links_ended_at;
