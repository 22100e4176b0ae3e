"""Games as text, and back."""

import random

import pytest

from ninefold.systems.chess.errors import InvalidPgnError
from ninefold.systems.chess.rules.pgn import RESULTS, PgnMove, read_pgn, write_pgn
from ninefold.systems.chess.rules.position import Position

FROM_POSITION = "4k3/P7/8/8/8/8/8/4K3 b - - 3 40"


@pytest.mark.parametrize("result", RESULTS)
@pytest.mark.parametrize("initial_fen", [Position.parse().fen, FROM_POSITION])
@pytest.mark.parametrize("clock_ms", [None, 61_250])
def test_a_game_is_read_back(result: str, initial_fen: str, clock_ms: int | None) -> None:
    choose = random.Random(7)  # a game, not a secret.
    position, moves, ucis = Position.parse(initial_fen), [], []
    for _ in range(60):
        if not position.legal_moves:
            break
        uci = choose.choice(position.legal_moves)
        moves.append(PgnMove(position.san_of(uci), clock_ms))
        ucis.append(uci)
        position = position.play(uci)

    read = read_pgn(write_pgn({"White": 'A "quoted" \\ name'}, moves, result=result, initial_fen=initial_fen))

    assert (read.moves, read.result, read.initial_fen) == (ucis, result, initial_fen)
    assert read.tags["White"] == 'A "quoted" \\ name'


def test_comments_variations_and_annotations_are_skipped() -> None:
    read = read_pgn('[Event "x"]\n\n1. e4 {best} (1. d4 d5 (1... Nf6)) e5 $1 2. Nf3! ; a comment\nNc6 *\n')

    assert read.moves == ["e2e4", "e7e5", "g1f3", "b8c6"]


@pytest.mark.parametrize("text", ["1. e5 *", "1. e4 e4", "hello", '[FEN "junk"]\n\n*'])
def test_what_isnt_a_game_is_refused(text: str) -> None:
    with pytest.raises(InvalidPgnError):
        read_pgn(text)
