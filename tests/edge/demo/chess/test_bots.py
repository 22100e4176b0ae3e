import pytest

from ninefold.edge.demo.chess.bots import choose_move
from ninefold.systems.chess.rules.position import Position


@pytest.mark.parametrize(
    ("fen", "move"),
    [
        ("6k1/5ppp/8/8/8/8/8/R3K3 w - - 0 1", "a1a8"),
        ("4k3/8/8/3q4/8/2N5/8/4K3 w - - 0 1", "c3d5"),
        ("4k3/8/8/8/8/2n5/8/3QK3 b - - 0 1", "c3d1"),
    ],
)
def test_bots_mate_and_take_what_is_free(fen: str, move: str) -> None:
    assert choose_move(Position.parse(fen), depth=1, seed=0) == move


def test_a_bot_always_chooses_the_same_move_in_a_position() -> None:
    position = Position.parse()

    assert choose_move(position, depth=1, seed=3) == choose_move(position, depth=1, seed=3)
    assert len({choose_move(position, depth=0, seed=seed) for seed in range(20)}) > 3
