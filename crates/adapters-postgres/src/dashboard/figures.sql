-- Follows figures_columns.sql: the accounts $1 that $4 may see. The window of an account is from its element of $2 to that of $3, both
-- included.
    person.id,
    coalesce((
        SELECT sum(tokens) FROM usage_days
        WHERE user_key = totals.user_key AND day BETWEEN account.first_day AND account.last_day
    ), 0)::bigint AS window_tokens
FROM unnest($1, $2, $3) AS account (id, first_day, last_day)
JOIN visible_to($4) AS person ON person.id = account.id
JOIN usage_totals AS totals ON totals.user_key = person.key
