-- The ranks number $2 of $1 from the day $3, as $4 may see them; one row without a day where there is none.
SELECT history.day, history.ranks[$2]
FROM visible_to($4) AS person
LEFT JOIN rank_history AS history
    ON history.user_key = person.key AND history.day >= $3 AND history.ranks[$2] IS NOT NULL
WHERE person.id = $1
ORDER BY history.day
