-- The ranks of $1 on the board with index $2 from the day $3, as $4 may see them at $5; one row without a day where there is none.
-- Only the account itself sees its ranks while it is flagged.
SELECT history.day, history.ranks[$2] AS rank
FROM visible_to($4) AS person
LEFT JOIN rank_history AS history
    ON history.user_key = person.key AND history.day >= $3 AND history.ranks[$2] IS NOT NULL
    AND (person.id IS NOT DISTINCT FROM $4 OR NOT EXISTS (
        SELECT FROM account_flags AS flag
        WHERE flag.user_id = person.id AND flag.lifted_at IS NULL AND (flag.expires_at IS NULL OR flag.expires_at > $5)
    ))
WHERE person.id = $1
ORDER BY history.day
