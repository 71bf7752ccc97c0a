DROP INDEX account_flags_created_at_idx;
DROP INDEX account_flags_flagged_by_idx;
DROP TABLE audit_log;
DROP FUNCTION keep_audit_log();
