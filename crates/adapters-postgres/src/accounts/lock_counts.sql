-- What several people earn at once raises the counts of each. Theirs are taken in the order of the ids, after all locks of
-- accounts, as by everybody who changes the counts of several.
SELECT user_id FROM social_counts WHERE user_id = ANY($1) ORDER BY user_id FOR NO KEY UPDATE
