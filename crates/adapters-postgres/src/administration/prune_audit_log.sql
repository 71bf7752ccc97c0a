-- Removes up to $2 audit records written before $1, the oldest first. The trigger of the table permits it only together with
-- allow_audit_log_pruning.sql in the same transaction.
DELETE FROM audit_log
WHERE id IN (
    SELECT id FROM audit_log
    WHERE at < $1
    ORDER BY at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
