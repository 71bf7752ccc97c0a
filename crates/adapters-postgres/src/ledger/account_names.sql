SELECT kind, name_key FROM account_names WHERE user_key = (SELECT key FROM users WHERE id = $1)
