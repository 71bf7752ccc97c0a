DROP INDEX notifications_about_idx;
DROP INDEX users_left_idx;
