-- How a client read a message: bit 2 of flags says that it is incomplete, and the version of its parser decides between copies.
-- 0 is protocol 2, which states none.
ALTER TABLE usage_messages ADD COLUMN parser_version smallint NOT NULL DEFAULT 0;
