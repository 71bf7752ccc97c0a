DROP TABLE profile_projects;
