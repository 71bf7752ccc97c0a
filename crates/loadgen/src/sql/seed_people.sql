-- Creates :people accounts, each with one or two machines and a session. The token of the session is s_ and the account's number in 43
-- digits.
INSERT INTO users (id, username, email, email_verified, name, created_at, updated_at)
SELECT
    ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'person' || n, 'person' || n || '@example.org', true,
    'Person ' || n, now() - interval '400 days', now() - interval '400 days'
FROM generate_series(1, :people::bigint) AS n;

INSERT INTO sessions (id, user_id, token_hash, created_at, expires_at, last_used_at)
SELECT
    ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid,
    ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
    sha256(convert_to('s_' || lpad(n::text, 43, '0'), 'UTF8')),
    -- Last used in the future, so that no read stores a use.
    now(), now() + interval '30 days', now() + interval '1 day'
FROM generate_series(1, :people::bigint) AS n;

INSERT INTO usage_totals (user_key) SELECT key FROM users ON CONFLICT DO NOTHING;

INSERT INTO sources (name) VALUES ('claude-code'), ('codex'), ('cursor'), ('gemini') ON CONFLICT DO NOTHING;

INSERT INTO models (name, provider)
SELECT name, '' FROM unnest(ARRAY[
    'claude-sonnet-4-5-20250929', 'claude-opus-4-1-20250805', 'claude-haiku-4-5-20251001', 'gpt-5', 'gpt-5-codex',
    'gemini-2.5-pro', 'gemini-2.5-flash', 'claude-sonnet-4-20250514'
]) AS name
ON CONFLICT DO NOTHING;

INSERT INTO machines (user_key, name, last_synced_at)
SELECT key, 'machine' || n, now() FROM users, generate_series(1, 1 + key % 2) AS n;
