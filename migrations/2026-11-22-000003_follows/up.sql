CREATE TABLE follows (
    follower_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    following_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (follower_id, following_id),
    CHECK (follower_id <> following_id)
);

-- A page of a list is read in the order of its index, however long the list is.
CREATE INDEX follows_followers_idx ON follows (following_id, created_at DESC, follower_id);
CREATE INDEX follows_following_idx ON follows (follower_id, created_at DESC, following_id);

-- Who wants to follow a private profile and was neither accepted nor declined yet.
CREATE TABLE follow_requests (
    follower_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    following_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (follower_id, following_id),
    CHECK (follower_id <> following_id)
);

CREATE INDEX follow_requests_following_idx ON follow_requests (following_id, created_at DESC, follower_id);

-- The accounts whose data `viewer` (nobody, when null) may see: public ones, one's own, and those one follows. This is the
-- one place that says so; every statement that reads a person's data for somebody else goes through it. The planner
-- puts the text in the place of the call.
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

-- The same, asked of one person.
CREATE FUNCTION can_see(viewer uuid, person uuid) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT EXISTS (SELECT FROM visible_to(viewer) AS seen WHERE seen.id = person)
$$;
