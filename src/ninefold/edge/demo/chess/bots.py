"""The demo's bots. They look a few plies ahead, count material, and always choose the same move in a position."""

import random
from typing import Final

from ninefold.systems.chess.rules.position import Position

_VALUES: Final = {"p": 100, "n": 300, "b": 320, "r": 500, "q": 900}
_MATED: Final = 100_000
_INFINITE: Final = 1_000_000
_MOOD: Final = 20
"""Up to how much a move is liked for no reason, so that not all games are the same."""


def choose_move(position: Position, *, depth: int, seed: int) -> str:
    """Return the move to make, as UCI.

    Args:
        position: with at least one legal move.
        depth: how many plies to look ahead after the move.
        seed: of its taste.
    """
    dice = random.Random(f"{seed} {position.key}")  # noqa: S311  # a bot's taste, which must be repeatable.
    return max((_value(position.play(uci), depth=depth) + dice.random() * _MOOD, uci) for uci in _moves(position))[1]


def _value(after: Position, *, depth: int) -> int:
    """Return how good a position is for the player who has just moved; few replies of the opponent are good too."""
    return -_search(after, depth, -_INFINITE, _INFINITE) - len(after.legal_moves)


def _search(position: Position, depth: int, alpha: int, beta: int) -> int:
    """Return how good a position is for the player to move, by the best moves of both (alpha-beta search)."""
    if not position.legal_moves:
        return -_MATED - depth if position.is_check else 0
    if depth == 0:
        return _material(position)
    for uci in _moves(position):
        value = -_search(position.play(uci), depth - 1, -beta, -alpha)
        if value >= beta:
            return value
        alpha = max(alpha, value)
    return alpha


def _moves(position: Position) -> list[str]:
    return sorted(position.legal_moves)


def _material(position: Position) -> int:
    white = sum(_VALUES.get(piece.lower(), 0) * (1 if piece.isupper() else -1) for piece in position.placement)
    return white if position.turn == "white" else -white
