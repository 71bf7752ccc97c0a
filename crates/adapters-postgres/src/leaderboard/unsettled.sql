-- Up to $2 accounts whose best rank passed one of the marks $1 since it was settled, the best first, after the rank $3 of $4 if
-- given.
SELECT user_id, rank
FROM best_ranks AS best
WHERE (settled IS NULL OR settled > rank)
  AND rank <= (SELECT max(mark) FROM unnest($1) AS mark)
  AND EXISTS (SELECT FROM unnest($1) AS mark WHERE best.rank <= mark AND (best.settled IS NULL OR best.settled > mark))
  AND ($3 IS NULL OR (rank, user_id) > ($3, $4))
ORDER BY rank, user_id
LIMIT $2
