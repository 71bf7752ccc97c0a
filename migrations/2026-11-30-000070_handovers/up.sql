-- A reader of protocol 3 has read everything of a tool on a machine since an instant; from then on, messages of protocol 2 that the
-- machine sends of the tool do not count. Bit 3 of usage_messages.flags says that a message is of protocol 3. Messages with a
-- parser_version are too, as an earlier release stored them without the bit.
CREATE TABLE handovers (
    since timestamptz NOT NULL,
    machine_key integer NOT NULL REFERENCES machines (key) ON DELETE CASCADE,
    source_key integer NOT NULL REFERENCES sources (key),
    PRIMARY KEY (machine_key, source_key)
);
