-- Games that haven't ended are counted when another one begins, and for the metrics. The table also has all that have.
CREATE INDEX game_unfinished ON chess.game (organisation_id)
WHERE ended_at IS NULL;

CREATE INDEX game_unfinished_of_white ON chess.game (white_player_id)
WHERE ended_at IS NULL;

CREATE INDEX game_unfinished_of_black ON chess.game (black_player_id)
WHERE ended_at IS NULL;
