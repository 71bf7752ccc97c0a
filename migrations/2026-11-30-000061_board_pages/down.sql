DROP TABLE board_pages;
