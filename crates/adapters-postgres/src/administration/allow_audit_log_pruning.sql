-- Lets this transaction remove audit records written before $1; see the function keep_audit_log.
SELECT set_config('burntop.prune_audit_log_before', $1::timestamptz::text, true) AS value
