-- Records about invitations stay, so the constraint of the release before does not check them.
ALTER TABLE audit_log
    DROP CONSTRAINT audit_log_subject_kind_check,
    ADD CONSTRAINT audit_log_subject_kind_check CHECK (subject_kind IN ('user', 'model', 'job', 'boards')) NOT VALID;
DROP TABLE invitations;
