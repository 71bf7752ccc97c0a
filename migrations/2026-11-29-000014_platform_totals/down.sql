DROP TABLE platform_totals;
