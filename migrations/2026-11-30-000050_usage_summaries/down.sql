DROP TABLE usage_calendars;
DROP TABLE usage_models;
DROP TABLE usage_sources;
