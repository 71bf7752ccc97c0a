-- How many follow $1 and are followed by them, and how $2 stands to them; no row when $2 may not see it.
SELECT
    (
        SELECT count(*) FROM follows JOIN users ON users.id = follows.follower_id
        WHERE follows.following_id = person.id AND users.deleted_at IS NULL
    ),
    (
        SELECT count(*) FROM follows JOIN users ON users.id = follows.following_id
        WHERE follows.follower_id = person.id AND users.deleted_at IS NULL
    ),
    EXISTS (SELECT FROM follows WHERE follower_id = $2 AND following_id = person.id),
    EXISTS (SELECT FROM follows WHERE follower_id = person.id AND following_id = $2)
FROM visible_to($2) AS person
WHERE person.id = $1
