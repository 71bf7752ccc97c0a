-- The actions of administrators, and of operators through the worker's commands. A record is written in the transaction of the action
-- and is never changed or removed (I8).
CREATE TABLE audit_log (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    -- Whether the actor is an operator, which has no account.
    by_operator boolean NOT NULL,
    -- The administrator; null for an operator, and once that account is purged.
    actor uuid REFERENCES users ON DELETE SET NULL,
    action text NOT NULL,
    -- The subject: the id of an account or a job, or the name of a model. The account may have been purged since.
    subject_kind text NOT NULL CHECK (subject_kind IN ('user', 'model', 'job', 'boards')),
    subject text NOT NULL,
    details jsonb NOT NULL,
    -- The client's address; removed together with the actor.
    ip text,
    CHECK (NOT by_operator OR (actor IS NULL AND ip IS NULL))
);

CREATE INDEX audit_log_at_idx ON audit_log (at, id);
CREATE INDEX audit_log_actor_idx ON audit_log (actor, at, id);
CREATE INDEX audit_log_subject_idx ON audit_log (subject, at, id);

-- Refuses every change except the one that the purge of the actor's account causes.
CREATE FUNCTION keep_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
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

CREATE TRIGGER audit_log_is_kept BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION keep_audit_log();

-- Flags by administrator, for the purge of an account.
CREATE INDEX account_flags_flagged_by_idx ON account_flags (flagged_by) WHERE flagged_by IS NOT NULL;
-- All flags, newest first.
CREATE INDEX account_flags_created_at_idx ON account_flags (created_at, id);
