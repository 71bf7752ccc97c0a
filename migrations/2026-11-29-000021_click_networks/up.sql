-- A keyed hash of code and network (an IPv4 address, or 64 bits of an IPv6 address) of a click: it prevents one network from using up
-- the daily clicks of a code with many names of browsers. Null for clicks from before this column.
ALTER TABLE referral_clicks ADD COLUMN network bytea CHECK (length(network) = 16);

-- Counts the clicks of a code from one network on a day, which are limited.
CREATE INDEX referral_clicks_network_idx ON referral_clicks (user_id, day, network);
