-- What is old enough to be removed, without looking at what is not.
CREATE INDEX notifications_read_age_idx ON notifications (created_at) WHERE read_at IS NOT NULL;
CREATE INDEX notifications_unread_age_idx ON notifications (created_at) WHERE read_at IS NULL;
