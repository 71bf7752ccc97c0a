DROP FUNCTION current_rank(integer);
