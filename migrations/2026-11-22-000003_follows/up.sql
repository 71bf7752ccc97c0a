CREATE TABLE follows (
    follower_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    following_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (follower_id, following_id),
    CHECK (follower_id <> following_id)
);

-- The order of each index is that of a list, so a page costs the same however long the list is.
CREATE INDEX follows_followers_idx ON follows (following_id, created_at DESC, follower_id);
CREATE INDEX follows_following_idx ON follows (follower_id, created_at DESC, following_id);

-- Pending requests to follow private profiles.
CREATE TABLE follow_requests (
    follower_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    following_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (follower_id, following_id),
    CHECK (follower_id <> following_id)
);

CREATE INDEX follow_requests_following_idx ON follow_requests (following_id, created_at DESC, follower_id);

-- The accounts whose data `viewer` may see: public ones, its own, and those that it follows. Null is a caller without an account.
-- Every statement that reads an account's data for another one joins this function (I7). The planner inlines it.
CREATE FUNCTION visible_to(viewer uuid) RETURNS TABLE (id uuid, key integer)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT users.id, users.key
    FROM users
    WHERE users.deleted_at IS NULL
      AND (
          users.is_public
          OR users.id = viewer
          OR EXISTS (SELECT FROM follows WHERE follows.follower_id = viewer AND follows.following_id = users.id)
      )
$$;

-- Whether `viewer` may see the data of the account `person`.
CREATE FUNCTION can_see(viewer uuid, person uuid) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT EXISTS (SELECT FROM visible_to(viewer) AS seen WHERE seen.id = person)
$$;
