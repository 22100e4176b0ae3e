"""`challenge/ai`: Lichess's official client plays against the engine."""

from typing import Any
from uuid import UUID

from chess_engines import EngineProgram
from chess_installation import ChessInstallation
from lichess_players import Stream


def test_a_person_plays_against_the_engine(
    installation: ChessInstallation, organisation_id: UUID, engine: EngineProgram
) -> None:
    client = installation.client(installation.new_token(organisation_id, "Ada"))
    events = Stream(client.board.stream_incoming_events())

    created: Any = client.challenges.create_ai(level=3, clock_limit=300, clock_increment=0, color="white")

    assert (created["source"], created["rated"], created["status"]) == ("ai", False, {"id": 20, "name": "started"})
    game_id = created["id"]
    started = events.until(lambda each: each["type"] == "gameStart")["game"]
    assert (started["gameId"], started["opponent"]) == (
        game_id,
        {"id": None, "username": "Stockfish level 3", "ai": 3},
    )
    stream = Stream(client.board.stream_game_state(game_id))
    full = stream.next()
    assert full["black"] == {"aiLevel": 3}
    client.board.make_move(game_id, "e2e4")
    state = stream.until(lambda each: len(each.get("moves", "").split()) == 2)
    assert state["moves"] == "e2e4 a7a5"
    client.board.resign_game(game_id)
    exported: Any = client.games.export(game_id, as_pgn=False)
    assert (exported["winner"], exported["players"]["black"]) == ("black", {"aiLevel": 3})
    assert '[Black "Stockfish level 3"]' in str(client.games.export(game_id, as_pgn=True))
    assert engine.starts >= 1


def test_errors_have_lichess_shape(
    installation: ChessInstallation, organisation_id: UUID, engine: EngineProgram
) -> None:
    with installation.http(installation.new_token(organisation_id, "Ada")) as http:
        too_strong = http.post("/api/challenge/ai", data={"level": "9"})
        no_level = http.post("/api/challenge/ai", data={"color": "white"})
        with engine.removed():
            missing = http.post("/api/challenge/ai", data={"level": "1"})
    assert [each.status_code for each in (too_strong, no_level, missing)] == [400, 400, 501]
    for each in (too_strong, no_level, missing):
        assert list(each.json()) == ["error"]
    assert "Stockfish isn't installed" in missing.json()["error"]
