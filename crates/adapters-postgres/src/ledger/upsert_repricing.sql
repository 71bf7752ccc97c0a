-- One row per account and edition: a re-pricing in several parts adds up.
INSERT INTO repricings AS noted (user_id, edition, at, messages, cost)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (user_id, edition) DO UPDATE
SET at = greatest(noted.at, excluded.at), messages = noted.messages + excluded.messages, cost = noted.cost + excluded.cost
