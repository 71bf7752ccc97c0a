DROP FUNCTION referred_by;
DROP TABLE referral_clicks;
DROP TABLE referrals;
DROP TABLE referral_codes;
