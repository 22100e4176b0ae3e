import httpx
import pytest

from ninefold.edge.demo.chess.client import ChessClient
from ninefold.edge.demo.chess.copies import GameCopy
from ninefold.edge.demo.chess.summary import find_problems
from ninefold.edge.simulation.clients import Address, Answer
from ninefold.edge.simulation.copies import Entry, prove
from ninefold.edge.simulation.network import Conditions, Network
from ninefold.systems.chess.rules.position import Position

GOOD = Conditions(
    loss=0, duplication=0, lateness=0, freezing=0, delay_s=(0, 0), late_s=(0, 0), freeze_s=(0, 0)
)  # fmt: skip
START = Position.parse()
LOG: list[Entry] = [
    {"sequence": 1, "type": "started", "initial_fen": START.fen},
    {
        "sequence": 2,
        "type": "move",
        "uci": "e2e4",
        "fen": START.play("e2e4").fen,
        "client_move_id": "move-1",
    },
    {"sequence": 3, "type": "ended", "winner": None, "reason": "aborted"},
]
COMMITTED = Answer(200, {"result": "committed", "sequence": 2})
REJECTED = Answer(200, {"result": "rejected", "sequence": 2})


@pytest.fixture
def client() -> ChessClient:
    made = ChessClient(
        httpx.AsyncClient(),
        Address(["http://127.0.0.1:1"]),
        token="",
        name="white",
        network=Network(GOOD, seed=""),
        copy=GameCopy(),
    )
    for entry in LOG:
        made.copy.receive(entry)
    return made


def test_a_client_that_saw_the_log_has_no_problem(client: ChessClient) -> None:
    client.answers["move-1"] = [COMMITTED, COMMITTED]

    assert find_problems(LOG, {"white": client}) == []
    assert prove(client.copy.log) == prove(LOG)


@pytest.mark.parametrize(
    ("message", "answers", "problem"),
    [
        ("move-1", [COMMITTED, REJECTED], "different answers"),
        ("move-2", [COMMITTED], "isn't what the log says"),
        ("move-1", [REJECTED], "isn't what the log says"),
    ],
)
def test_answers_that_contradict_the_log_are_problems(
    client: ChessClient, message: str, answers: list[Answer], problem: str
) -> None:
    client.answers[message] = list(answers)

    assert any(problem in found for found in find_problems(LOG, {"white": client}))


def test_another_log_is_a_problem(client: ChessClient) -> None:
    other = [*LOG[:2], {"sequence": 3, "type": "ended", "winner": "white", "reason": "flag"}]

    assert find_problems(other, {"white": client}) == ["white saw 3 entries, which aren't the 3 of the log."]
    assert prove(other) != prove(LOG)


def test_a_log_with_a_gap_is_a_problem(client: ChessClient) -> None:
    assert "The log has gaps." in find_problems([LOG[0], LOG[2]], {"white": client})
