-- A keyed hash of code and network (an IPv4 address, or 64 bits of an IPv6 address) of a click: one network may not use up the
-- clicks of a code's day by pretending to be many browsers. Null for clicks from before this column.
ALTER TABLE referral_clicks ADD COLUMN network bytea CHECK (length(network) = 16);

-- How many clicks a code has from one network on a day, which is limited.
CREATE INDEX referral_clicks_network_idx ON referral_clicks (user_id, day, network);
