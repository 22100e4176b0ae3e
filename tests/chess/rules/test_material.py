"""Which material can still win."""

import pytest

from ninefold.systems.chess.rules.material import can_win, is_dead


@pytest.mark.parametrize(
    ("placement", "white_can_win", "is_draw"),
    [
        ("k7/8/8/8/8/8/8/7K", False, True),
        ("k7/8/8/8/8/8/8/6NK", False, True),
        ("k7/8/8/8/8/8/8/5NNK", True, False),
        ("kp6/8/8/8/8/8/8/6NK", True, False),
        ("kq6/8/8/8/8/8/8/6NK", False, False),
        ("k7/8/8/8/8/8/8/6BK", False, True),
        ("k7/b7/8/8/8/8/8/6BK", False, True),
        ("kb6/8/8/8/8/8/8/5B1K", True, False),
        ("k7/8/8/8/8/8/8/5BBK", True, False),
        ("kp6/8/8/8/8/8/8/7K", False, False),
        ("k7/8/8/8/8/8/8/6PK", True, False),
    ],
)
def test_material_wins_or_not(placement: str, *, white_can_win: bool, is_draw: bool) -> None:
    assert (can_win(placement, "white"), is_dead(placement)) == (white_can_win, is_draw)
