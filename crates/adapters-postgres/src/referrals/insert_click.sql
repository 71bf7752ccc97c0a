-- Stores a click of the visitor $2 at $3, on the day $4, on the link of the code $1. Ignores it if the code is unknown, the
-- visitor clicked on that day, or the day has $5 clicks already, or $7 from the network $6.
INSERT INTO referral_clicks (user_id, visitor, day, clicked_at, network)
SELECT users.id, $2, $4, $3, $6
FROM referral_codes AS codes
JOIN users ON users.id = codes.user_id AND users.deleted_at IS NULL
WHERE codes.code = $1
  AND (
      SELECT count(*)
      FROM (SELECT FROM referral_clicks AS clicks WHERE clicks.user_id = users.id AND clicks.day = $4 LIMIT $5) AS counted
  ) < $5
  AND (
      SELECT count(*)
      FROM (
          SELECT FROM referral_clicks AS clicks
          WHERE clicks.user_id = users.id AND clicks.day = $4 AND clicks.network = $6
          LIMIT $7
      ) AS counted
  ) < $7
ON CONFLICT (user_id, visitor, day) DO NOTHING
