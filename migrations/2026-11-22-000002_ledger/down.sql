DROP TABLE usage_totals;
DROP TABLE usage_hours;
DROP TABLE usage_days;
DROP TABLE usage_rollups;
DROP TABLE usage_messages;
DROP TABLE machines;
DROP TABLE models;
DROP TABLE sources;
