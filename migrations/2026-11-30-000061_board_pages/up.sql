-- The order of the larger boards by tool, by model and of a region, a hundred positions a row: the accounts of the positions
-- page * 100 + 1 to page * 100 + 100. A board of a region has its number as a negative tool in boards and board_scores:
-- -1 NA, -2 EU, -3 APAC, -4 SA, -5 AF, -6 OCE.
CREATE TABLE board_pages (
    board integer NOT NULL,
    page integer NOT NULL,
    user_keys integer[] NOT NULL,
    PRIMARY KEY (board, page)
);
