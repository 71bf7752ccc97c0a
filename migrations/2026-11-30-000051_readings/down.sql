ALTER TABLE usage_messages DROP COLUMN parser_version;
