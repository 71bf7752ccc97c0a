DROP INDEX usage_messages_unpriced_account_idx;
DROP TABLE repricings;
DROP TABLE price_updates;
DROP TABLE price_book;
DROP TABLE price_rows;
