DROP TABLE season_entries;
DROP TABLE seasons;
DROP TABLE best_ranks;
DROP TABLE rank_history;
