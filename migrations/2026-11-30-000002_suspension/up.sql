-- An administrator's decision about an account, which is hidden like a deleted one (deleted_at) and cannot be restored by signing in.
ALTER TABLE users
    -- disabled: kept until an administrator enables it; deleted: purged like an account that its owner deleted.
    ADD COLUMN suspension text CHECK (suspension IN ('disabled', 'deleted')),
    -- Links for a new password that administrators made before this instant are invalid; null if none were ended.
    ADD COLUMN password_links_ended_at timestamptz,
    ADD CHECK (suspension IS NULL OR deleted_at IS NOT NULL);
