-- Locks the counts of several accounts in the order of the ids, as every such transaction does, after the account locks (I13).
SELECT user_id FROM social_counts WHERE user_id = ANY($1) ORDER BY user_id FOR NO KEY UPDATE
