-- Ends the server once nobody is connected to it and nobody has asked it for a database for a while.
DO $$
DECLARE
    patience    interval    := current_setting('watchdog.idle')::int * interval '1 millisecond';
    used_last   timestamptz := clock_timestamp();
    uses_before bigint      := 0;
    uses_now    bigint;
BEGIN
    LOOP
        PERFORM pg_sleep(least(5, extract(epoch FROM patience) / 4));
        COMMIT; -- a snapshot held for hours would keep vacuum from its work

        SELECT last_value INTO uses_now FROM uses;
        IF uses_now <> uses_before OR EXISTS (
            SELECT FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
        ) THEN
            uses_before := uses_now;
            used_last := clock_timestamp();
        END IF;

        -- Who is creating a database holds this lock shared. Once it is ours we never give it back.
        IF clock_timestamp() - used_last > patience AND pg_try_advisory_lock(7240) THEN
            EXECUTE format(
                'COPY (SELECT) TO PROGRAM %L',
                'kill -INT ' || split_part(pg_read_file('postmaster.pid'), E'\n', 1)
            );
            PERFORM pg_sleep(60);
            RETURN;
        END IF;
    END LOOP;
END
$$;
