-- Everybody's code, made when it is first asked for.
CREATE TABLE referral_codes (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    -- In capitals; Crockford's base 32 has no letter that looks like a digit.
    code text NOT NULL CONSTRAINT referral_codes_code_key UNIQUE CHECK (code ~ '^[0-9A-HJKMNP-TV-Z]{8}$'),
    created_at timestamptz NOT NULL
);

-- Who came by whose code: once, and for good.
CREATE TABLE referrals (
    referred_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    referrer_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    -- When the XP for it were paid; null until the referred account has stored a message.
    paid_at timestamptz,
    CHECK (referred_id <> referrer_id)
);

-- The people somebody referred, the newest first.
CREATE INDEX referrals_referrer_id_idx ON referrals (referrer_id, created_at DESC, referred_id);

-- Who followed the link of whose code: one row per code, visitor and day.
CREATE TABLE referral_clicks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Whose code.
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    -- A keyed hash of code, address and browser, which are not stored. The key is not in the database.
    visitor bytea NOT NULL CHECK (length(visitor) = 16),
    -- The day in UTC.
    day date NOT NULL,
    clicked_at timestamptz NOT NULL,
    -- When somebody signed up for it.
    converted_at timestamptz,
    CONSTRAINT referral_clicks_visitor_key UNIQUE (user_id, visitor, day)
);

-- How many clicks a code has on a day, which is limited.
CREATE INDEX referral_clicks_day_idx ON referral_clicks (user_id, day);
-- The oldest click of a code that nobody signed up for.
CREATE INDEX referral_clicks_open_idx ON referral_clicks (user_id, clicked_at, id) WHERE converted_at IS NULL;

-- The people who came by the code of `person` (level 1), by the codes of those (2) and of those again (3). Accounts that
-- were deleted count, and whom they referred too, until they are gone. The planner puts the text in the place of the call.
CREATE FUNCTION referred_by(person uuid) RETURNS TABLE (id uuid, level integer)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT one.referred_id, 1
    FROM referrals AS one
    WHERE one.referrer_id = person
    UNION ALL
    SELECT two.referred_id, 2
    FROM referrals AS one
    JOIN referrals AS two ON two.referrer_id = one.referred_id
    WHERE one.referrer_id = person
    UNION ALL
    SELECT three.referred_id, 3
    FROM referrals AS one
    JOIN referrals AS two ON two.referrer_id = one.referred_id
    JOIN referrals AS three ON three.referrer_id = two.referred_id
    WHERE one.referrer_id = person
$$;
