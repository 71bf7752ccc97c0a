-- Find expired notifications without reading the others.
CREATE INDEX notifications_read_age_idx ON notifications (created_at) WHERE read_at IS NOT NULL;
CREATE INDEX notifications_unread_age_idx ON notifications (created_at) WHERE read_at IS NULL;
