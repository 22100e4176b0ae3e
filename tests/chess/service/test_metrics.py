"""What `/metrics` says about games."""

from prometheus_client import REGISTRY

from chess_api import FOOLS_MATE, begin
from http_api import Api


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_moves_and_ended_games_are_counted(api: Api) -> None:
    committed = value("ninefold_chess_moves_total", result="committed", reason="")
    rejected = value("ninefold_chess_moves_total", result="rejected", reason="illegal_move")
    mated = value("ninefold_chess_games_ended_total", reason="checkmate", speed="blitz")
    timed = value("ninefold_chess_move_seconds_count")
    duel = await begin(api)

    await duel.move("e2e5")
    await duel.play(FOOLS_MATE)

    assert value("ninefold_chess_moves_total", result="committed", reason="") == committed + 4
    assert value("ninefold_chess_moves_total", result="rejected", reason="illegal_move") == rejected + 1
    assert value("ninefold_chess_games_ended_total", reason="checkmate", speed="blitz") == mated + 1
    assert value("ninefold_chess_move_seconds_count") == timed + 5
