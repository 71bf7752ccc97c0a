DROP TABLE unlocked_achievements;
DROP TABLE progress_events;
