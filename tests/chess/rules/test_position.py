"""Legal moves, counted; FEN and SAN."""

import random

import pytest

from ninefold.systems.chess.errors import InvalidFenError
from ninefold.systems.chess.model import START_FEN
from ninefold.systems.chess.rules.position import IllegalMoveError, Position

KIWIPETE = "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1"

PERFT = [
    (START_FEN, [20, 400, 8_902]),
    (KIWIPETE, [48, 2_039]),
    ("8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1", [14, 191, 2_812, 43_238]),
    ("r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1", [6, 264, 9_467]),
    ("rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ - 1 8", [44, 1_486]),
    ("r4rk1/1pp1qppp/p1np1n2/2b1p1B1/2B1P1b1/P1NP1N2/1PP1QPPP/R4RK1 w - - 0 10", [46, 2_079]),
]
"""The numbers of the Chess Programming Wiki, `Perft Results`."""


def count_moves(position: Position, depth: int) -> int:
    """Return how many sequences of moves of a length there are."""
    if depth == 1:
        return len(position.legal_moves)
    return sum(count_moves(position.play(uci), depth - 1) for uci in position.legal_moves)


@pytest.mark.parametrize(("fen", "counts"), PERFT)
def test_the_legal_moves_are_as_many_as_they_should_be(fen: str, counts: list[int]) -> None:
    assert [count_moves(Position.parse(fen), depth + 1) for depth in range(len(counts))] == counts


@pytest.mark.parametrize("seed", range(6))
def test_san_and_fen_of_random_games_are_read_back(seed: int) -> None:
    choose = random.Random(seed)  # a game, not a secret.
    position = Position.parse()
    for _ in range(120):
        if not position.legal_moves:
            break
        sans = {position.san_of(uci): uci for uci in position.legal_moves}
        assert len(sans) == len(position.legal_moves)
        assert {san: position.read_san(san) for san in sans} == sans
        position = position.play(choose.choice(position.legal_moves))
        again = Position.parse(position.fen)
        assert (again.fen, again.key, again.legal_moves) == (position.fen, position.key, position.legal_moves)


@pytest.mark.parametrize(
    ("fen", "uci", "san"),
    [
        ("4k3/8/8/8/8/8/8/R3K2R w KQ - 0 1", "e1c1", "O-O-O"),
        ("7k/P7/8/8/8/8/8/K7 w - - 0 1", "a7a8n", "a8=N"),
        ("7k/8/8/8/8/8/R7/R6K w - - 0 1", "a2a8", "Ra8+"),
        ("7k/8/8/1R6/8/8/8/1R5K w - - 0 1", "b5b3", "R5b3"),
        ("3k4/8/8/8/1N3N2/8/8/3K4 w - - 0 1", "b4d5", "Nbd5"),
        ("6k1/8/8/8/Q6Q/8/8/K6Q w - - 0 1", "h4e4", "Qh4e4"),
    ],
)
def test_a_move_is_written_so(fen: str, uci: str, san: str) -> None:
    assert Position.parse(fen).san_of(uci).rstrip("+") == san.rstrip("+")


def test_en_passant_is_named_only_where_it_is_a_legal_move() -> None:
    after = Position.parse("4k3/8/8/8/3p4/8/4P3/4K3 w - - 0 1").play("e2e4")
    pinned = Position.parse("8/8/8/8/k2p3R/8/4P3/4K3 w - - 0 1").play("e2e4")

    assert after.fen.split(" ")[3] == "e3"
    assert pinned.fen.split(" ")[3] == "-"


def test_the_counters_go_beyond_what_the_library_can_count() -> None:
    position = Position.parse("4k3/8/8/8/8/8/8/4K2R w - - 140 900").play("h1h2")

    assert position.fen.endswith(" 141 900")


@pytest.mark.parametrize(
    "fen",
    [
        "",
        "8/8/8/8/8/8/8/8 w - - 0 1",
        "kK6/8/8/8/8/8/8/8 w - - 0 1",
        "P6k/8/8/8/8/8/8/7K w - - 0 1",
        "k6R/8/8/8/8/8/8/7K w - - 0 1",
        "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w HAha - 0 1",
        "k7/8/8/8/8/8/8/7K w - - -5 1",
        "k7/8/8/8/8/8/8/7K w - - 0 0",
    ],
)
def test_what_isnt_a_position_is_refused(fen: str) -> None:
    with pytest.raises(InvalidFenError):
        Position.parse(fen)


@pytest.mark.parametrize("uci", ["e2e5", "e7e5", "", "e2e4q", "0000", "é2e4"])
def test_what_isnt_a_legal_move_is_refused(uci: str) -> None:
    with pytest.raises(IllegalMoveError):
        Position.parse().play(uci)
