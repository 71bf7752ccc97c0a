-- Usage of one account by project from $2 to $3, both included: the first $4 by cost and then by tokens, with the number of all. Messages
-- without a project have no row, but the tokens of the list are those of all messages of these days. They do not refer to `owner`, so
-- they are summed once and not for each project.
SELECT
    projects.name, used.tokens, used.cost, used.days_active, used.first_used, used.last_used, count(*) OVER () AS list_rows,
    (
        SELECT clamped(coalesce(sum(tokens), 0))
        FROM usage_days
        WHERE user_key = (SELECT key FROM users WHERE id = $1) AND day BETWEEN $2 AND $3
    ) AS list_tokens
FROM (SELECT key FROM users WHERE id = $1) AS owner
CROSS JOIN LATERAL (
    SELECT
        project_key, sum(tokens)::bigint AS tokens, sum(cost) AS cost, count(*) AS days_active, min(day) AS first_used,
        max(day) AS last_used
    FROM usage_project_days
    WHERE user_key = owner.key AND day BETWEEN $2 AND $3
    GROUP BY project_key
) AS used
JOIN usage_projects AS projects ON projects.user_key = owner.key AND projects.key = used.project_key
ORDER BY used.cost DESC, used.tokens DESC, projects.name
LIMIT $4
