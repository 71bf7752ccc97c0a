DROP TABLE secret_key_fingerprint;
