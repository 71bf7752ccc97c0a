-- The accounts that were deleted: few, so those that are gone for good are found without a look at everybody's.
CREATE INDEX users_left_idx ON users (deleted_at) WHERE deleted_at IS NOT NULL;

-- The notifications that name a person, which go when that person is removed.
CREATE INDEX notifications_about_idx ON notifications (dedup_key) WHERE kind IN ('new_follower', 'follow_request');
