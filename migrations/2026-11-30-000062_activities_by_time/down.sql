DROP INDEX activities_created_at_idx;
