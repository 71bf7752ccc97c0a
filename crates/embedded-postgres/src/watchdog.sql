-- Stops the server after the time watchdog.idle without a connection or a request for a database.
DO $$
DECLARE
    patience    interval    := current_setting('watchdog.idle')::int * interval '1 millisecond';
    used_last   timestamptz := clock_timestamp();
    uses_before bigint      := 0;
    uses_now    bigint;
BEGIN
    LOOP
        PERFORM pg_sleep(least(5, extract(epoch FROM patience) / 4));
        COMMIT; -- a snapshot held for hours would block vacuum

        SELECT last_value INTO uses_now FROM uses;
        IF uses_now <> uses_before OR EXISTS (
            SELECT FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
        ) THEN
            uses_before := uses_now;
            used_last := clock_timestamp();
        END IF;

        -- A session that creates a database holds this lock shared. The watchdog keeps it until the server ends.
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
