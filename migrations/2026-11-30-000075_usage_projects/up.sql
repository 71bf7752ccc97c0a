-- The projects of messages. The names belong to one account, and only its owner reads them.
--
-- A server of an earlier release that still runs stores messages without a project, and does not maintain the sums by project:
-- `worker rebuild --all` after its end repairs them.
CREATE TABLE usage_projects (
    user_key integer NOT NULL,
    -- From 1 to the limit of an account. A key is free again once no message has the project.
    key smallint NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (user_key, key),
    CONSTRAINT usage_projects_name_key UNIQUE (user_key, name)
);

-- Derived from the ledger in the same transaction (I4): the sums of the messages with a project.
CREATE TABLE usage_project_days (
    user_key integer NOT NULL,
    day date NOT NULL,
    project_key smallint NOT NULL,
    messages bigint NOT NULL,
    tokens bigint NOT NULL,
    cost numeric NOT NULL,
    PRIMARY KEY (user_key, day, project_key)
) WITH (fillfactor = 90);

-- 0 is no project. A null would give each row a bitmap of nulls, and with it 8 bytes more.
ALTER TABLE usage_messages ADD COLUMN project_key smallint NOT NULL DEFAULT 0;
