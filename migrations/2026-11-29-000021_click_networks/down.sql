ALTER TABLE referral_clicks DROP COLUMN network;
