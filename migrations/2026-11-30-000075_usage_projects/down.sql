ALTER TABLE usage_messages DROP COLUMN project_key;
DROP TABLE usage_project_days;
DROP TABLE usage_projects;
