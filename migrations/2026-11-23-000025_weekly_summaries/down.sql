DROP TABLE weekly_summaries;
