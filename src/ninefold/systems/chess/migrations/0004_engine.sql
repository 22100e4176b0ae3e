-- The engine is a player of each organisation that plays against it, one for each level. Its names have spaces, so that
-- they can't be those of others.
ALTER TABLE chess.player
ADD COLUMN engine_level smallint CHECK (engine_level BETWEEN 1 AND 8);

ALTER TABLE chess.player
DROP CONSTRAINT player_name_check,
ADD CONSTRAINT player_name_check CHECK (engine_level IS NOT NULL OR name ~ '^[A-Za-z0-9_-]{2,30}$'),
ADD CONSTRAINT player_engine_is_bot CHECK (engine_level IS NULL OR (is_bot AND account_id IS NULL));

CREATE UNIQUE INDEX player_by_engine_level ON chess.player (organisation_id, engine_level)
WHERE engine_level IS NOT NULL;
