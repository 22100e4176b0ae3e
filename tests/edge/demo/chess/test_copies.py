import asyncio
from typing import Any

from ninefold.edge.demo.chess.copies import GameCopy
from ninefold.edge.simulation.copies import Entry
from ninefold.systems.chess.rules.position import Position

START = Position.parse()


def started() -> Entry:
    return {"sequence": 1, "type": "started", "initial_fen": START.fen}


def game(*moves: str) -> list[Entry]:
    """The log of a game with these moves."""
    entries, position = [started()], START
    for ply, uci in enumerate(moves, start=1):
        position = position.play(uci)
        entries.append({"sequence": ply + 1, "type": "move", "ply": ply, "uci": uci, "fen": position.fen})
    return entries


def test_entries_that_come_twice_and_in_any_order_make_the_log() -> None:
    seen: list[Entry] = []
    copy, log = GameCopy(seen.append), game("e2e4", "e7e5", "g1f3")

    for entry in (log[2], log[0], log[0], log[3], log[2], log[1], log[3]):
        copy.receive(entry)

    assert copy.log == seen == log
    assert copy.moves == ["e2e4", "e7e5", "g1f3"]
    assert copy.position.fen == log[-1]["fen"]
    assert not copy.has_gap


def test_a_missing_entry_is_a_gap() -> None:
    copy, log = GameCopy(), game("e2e4", "e7e5")
    copy.receive(log[0])

    copy.receive(log[2])

    assert copy.has_gap
    assert (copy.last_sequence, copy.moves) == (1, [])


def test_a_takeback_undoes_moves_and_offers() -> None:
    copy, log = GameCopy(), game("e2e4", "e7e5")
    for entry in log:
        copy.receive(entry)
    copy.receive({"sequence": 4, "type": "takeback_offered", "colour": "white", "plies": 2})
    assert copy.offers == {"takeback": "white"}

    copy.receive({"sequence": 5, "type": "takeback", "colour": "white", "plies": 2, "ply": 0, "fen": START.fen})

    assert (copy.moves, copy.offers, copy.position.fen) == ([], {}, START.fen)


def test_a_position_that_isnt_the_servers_is_a_problem() -> None:
    copy = GameCopy()
    copy.receive(started())

    copy.receive({"sequence": 2, "type": "move", "ply": 1, "uci": "e2e4", "fen": START.fen})

    assert copy.problem is not None
    assert "After entry 2" in copy.problem
    assert copy.is_ended


def test_an_illegal_move_is_a_problem() -> None:
    copy = GameCopy()
    copy.receive(started())

    copy.receive({"sequence": 2, "type": "move", "ply": 1, "uci": "e2e5", "fen": START.fen})

    assert copy.problem is not None
    assert "illegal" in copy.problem


async def test_who_waits_is_woken_by_an_entry() -> None:
    copy, log = GameCopy(), game("e2e4")
    copy.receive(log[0])
    waiting = asyncio.create_task(copy.wait_until(lambda: len(copy.moves) == 1))
    await asyncio.sleep(0)

    copy.receive(log[1])

    await asyncio.wait_for(waiting, timeout=10)


def test_the_end_completes_the_log() -> None:
    copy = GameCopy()
    ended: dict[str, Any] = {"sequence": 2, "type": "ended", "winner": None, "reason": "aborted"}

    copy.receive(started())
    assert not copy.is_ended
    copy.receive(ended)

    assert copy.is_ended
