-- The projects on the profile of an account.
CREATE TABLE profile_projects (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    title text,
    description text,
    url text NOT NULL,
    is_featured boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE INDEX profile_projects_user_id_idx ON profile_projects (user_id, created_at, id);
