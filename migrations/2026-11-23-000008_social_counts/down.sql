DROP INDEX users_deleted_idx;
DROP TABLE social_counts;
