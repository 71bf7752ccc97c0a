-- The referral code of an account, created when it is first requested.
CREATE TABLE referral_codes (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    -- Upper-case Crockford base 32, which has no letter that looks like a digit.
    code text NOT NULL CONSTRAINT referral_codes_code_key UNIQUE CHECK (code ~ '^[0-9A-HJKMNP-TV-Z]{8}$'),
    created_at timestamptz NOT NULL
);

-- The permanent referrer of each referred account.
CREATE TABLE referrals (
    referred_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    referrer_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    -- When the referral paid XP; null until the referred account has stored a message.
    paid_at timestamptz,
    CHECK (referred_id <> referrer_id)
);

-- The accounts that an account referred, newest first.
CREATE INDEX referrals_referrer_id_idx ON referrals (referrer_id, created_at DESC, referred_id);

-- Clicks on the link of a code: one row per code, visitor and day.
CREATE TABLE referral_clicks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The owner of the code.
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    -- A keyed hash of code, address and browser, which are not stored. The key is not in the database.
    visitor bytea NOT NULL CHECK (length(visitor) = 16),
    -- The day in UTC.
    day date NOT NULL,
    clicked_at timestamptz NOT NULL,
    -- When a registration used the click.
    converted_at timestamptz,
    CONSTRAINT referral_clicks_visitor_key UNIQUE (user_id, visitor, day)
);

-- Counts the clicks of a code on a day, which are limited.
CREATE INDEX referral_clicks_day_idx ON referral_clicks (user_id, day);
-- The oldest click of a code that no registration has used.
CREATE INDEX referral_clicks_open_idx ON referral_clicks (user_id, clicked_at, id) WHERE converted_at IS NULL;

-- The accounts that the account `person` referred (level 1), the accounts that these referred (2), and those that these referred
-- (3). A deleted account and its referrals count until the account is purged. The planner inlines the function.
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
