-- Audit records may expire (retention.audit_log_days). Refuses every change except two: the purge of the actor's account clears the
-- actor, and a transaction that sets burntop.prune_audit_log_before may remove records written before that instant.
CREATE OR REPLACE FUNCTION keep_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A setting that was made local to an earlier transaction of the session is empty, not null.
    IF TG_OP = 'DELETE' AND OLD.at < nullif(current_setting('burntop.prune_audit_log_before', true), '')::timestamptz THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.actor IS NOT NULL AND NEW.actor IS NULL THEN
        NEW.ip := NULL;
        OLD.actor := NULL;
        OLD.ip := NULL;
        IF OLD IS NOT DISTINCT FROM NEW THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit log is only ever added to';
END
$$;
