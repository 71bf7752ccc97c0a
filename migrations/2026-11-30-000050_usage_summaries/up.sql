-- Lifetime sums of each account by tool and by model, and its calendar. They are derived from the roll-ups, days and hours in the
-- same transaction (I4), so that no read and no sync goes through a whole history.
--
-- A server of an earlier release that still runs does not maintain them: `worker rebuild --all` after its end repairs them.
CREATE TABLE usage_sources (
    user_key integer NOT NULL,
    source_key integer NOT NULL,
    messages bigint NOT NULL,
    tokens bigint NOT NULL,
    input bigint NOT NULL,
    output bigint NOT NULL,
    cache_read bigint NOT NULL,
    cache_write bigint NOT NULL,
    reasoning bigint NOT NULL,
    unpriced_tokens bigint NOT NULL,
    unpriced_messages bigint NOT NULL,
    estimated_messages bigint NOT NULL,
    cost numeric NOT NULL,
    -- The local days with usage. The last column: an update that keeps it does not log it again.
    days datemultirange NOT NULL,
    PRIMARY KEY (user_key, source_key)
) WITH (fillfactor = 70);

CREATE TABLE usage_models (
    user_key integer NOT NULL,
    model_key integer NOT NULL,
    messages bigint NOT NULL,
    tokens bigint NOT NULL,
    input bigint NOT NULL,
    output bigint NOT NULL,
    cache_read bigint NOT NULL,
    cache_write bigint NOT NULL,
    reasoning bigint NOT NULL,
    unpriced_tokens bigint NOT NULL,
    unpriced_messages bigint NOT NULL,
    estimated_messages bigint NOT NULL,
    cost numeric NOT NULL,
    days datemultirange NOT NULL,
    PRIMARY KEY (user_key, model_key)
) WITH (fillfactor = 70);

-- One row per account with usage.
CREATE TABLE usage_calendars (
    user_key integer PRIMARY KEY,
    -- The local days with usage.
    active datemultirange NOT NULL,
    -- Those with usage from 06:00 to 08:59, and from 22:00 to 01:59.
    early datemultirange NOT NULL,
    night datemultirange NOT NULL,
    -- Bit n: usage from n:00 to n:59 on any day.
    hours integer NOT NULL,
    -- The most tokens, tools and models of one day.
    busiest_day bigint NOT NULL,
    tools_in_a_day integer NOT NULL,
    models_in_a_day integer NOT NULL
);

INSERT INTO usage_sources
SELECT
    user_key, source_key, clamped(sum(messages)), clamped(sum(tokens)), clamped(sum(input)), clamped(sum(output)),
    clamped(sum(cache_read)), clamped(sum(cache_write)), clamped(sum(reasoning)), clamped(sum(unpriced_tokens)),
    clamped(sum(unpriced_messages)), clamped(sum(estimated_messages)), sum(cost),
    range_agg(daterange(day, day, '[]'))
FROM usage_rollups
GROUP BY user_key, source_key;

INSERT INTO usage_models
SELECT
    user_key, model_key, clamped(sum(messages)), clamped(sum(tokens)), clamped(sum(input)), clamped(sum(output)),
    clamped(sum(cache_read)), clamped(sum(cache_write)), clamped(sum(reasoning)), clamped(sum(unpriced_tokens)),
    clamped(sum(unpriced_messages)), clamped(sum(estimated_messages)), sum(cost),
    range_agg(daterange(day, day, '[]'))
FROM usage_rollups
GROUP BY user_key, model_key;

INSERT INTO usage_calendars
SELECT
    days.user_key, days.active, coalesce(clock.early, '{}'), coalesce(clock.night, '{}'), coalesce(clock.hours, 0), days.busiest_day,
    most.tools, most.models
FROM (
    SELECT user_key, range_agg(daterange(day, day, '[]')) AS active, max(tokens) AS busiest_day
    FROM usage_days
    GROUP BY user_key
) AS days
JOIN (
    SELECT user_key, max(tools) AS tools, max(models) AS models
    FROM (
        SELECT
            used.user_key, count(DISTINCT used.source_key) AS tools,
            count(DISTINCT coalesce(models.canonical, models.name)) AS models
        FROM usage_rollups AS used
        JOIN models ON models.key = used.model_key
        GROUP BY used.user_key, used.day
    ) AS days
    GROUP BY user_key
) AS most ON most.user_key = days.user_key
LEFT JOIN (
    SELECT
        user_key, bit_or(hours) AS hours,
        range_agg(daterange(day, day, '[]')) FILTER (WHERE hours & (7 << 6) <> 0) AS early,
        range_agg(daterange(day, day, '[]')) FILTER (WHERE hours & ((3 << 22) | 3) <> 0) AS night
    FROM (SELECT user_key, day, bit_or(1 << hour) AS hours FROM usage_hours GROUP BY user_key, day) AS days
    GROUP BY user_key
) AS clock ON clock.user_key = days.user_key;
