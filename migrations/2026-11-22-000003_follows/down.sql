DROP FUNCTION can_see;
DROP FUNCTION visible_to;
DROP TABLE follow_requests;
DROP TABLE follows;
