"""Which material can still win."""

from typing import Final

from ninefold.systems.chess.model import Colour


def is_dead(placement: str) -> bool:
    """Return whether neither side can checkmate by any moves (FIDE Laws 5.2.2), as far as the material says it."""
    return not can_win(placement, "white") and not can_win(placement, "black")


def can_win(placement: str, colour: Colour) -> bool:
    """Return whether a side could checkmate, if the other one helped (FIDE Laws 6.9).

    Args:
        placement: the first field of a FEN.
        colour: whose material is looked at.
    """
    own, others = _pieces_of(placement, colour), _pieces_of(placement, "black" if colour == "white" else "white")
    if set(own) & {"P", "R", "Q"}:
        return True
    if "N" in own:
        # A knight alone mates only a king that is blocked by a piece of its own; a queen could always take the knight.
        return len(own) > 1 or bool(set(others) - {"Q"})
    if not own:
        return False
    # Bishops alone: they need one of the other squares, or a piece that blocks the king.
    is_of_one_colour = len({*own, *[each for each in others if each in _BISHOPS]}) == 1
    return not is_of_one_colour or bool(set(others) & {"P", "N"})


def is_far_behind(placement: str, colour: Colour) -> bool:
    """Return whether a side has `FAR_BEHIND` less material than the other."""
    own, others = _pieces_of(placement, colour), _pieces_of(placement, "black" if colour == "white" else "white")
    return sum(_VALUES[piece] for piece in others) - sum(_VALUES[piece] for piece in own) >= FAR_BEHIND


FAR_BEHIND: Final = 4
"""In pawns."""

_BISHOPS: Final = ("light bishop", "dark bishop")


_VALUES: Final = {"P": 1, "N": 3, "light bishop": 3, "dark bishop": 3, "R": 5, "Q": 9}


def _pieces_of(placement: str, colour: Colour) -> list[str]:
    """Return the pieces of a side besides its king; bishops by the colour of their squares."""
    pieces = []
    for rank_index, rank in enumerate(placement.split("/")):
        file_index = 0
        for character in rank:
            if character.isdigit():
                file_index += int(character)
                continue
            if character.isupper() == (colour == "white") and character.upper() != "K":
                is_dark = (rank_index + file_index) % 2 == 1
                pieces.append(_BISHOPS[is_dark] if character.upper() == "B" else character.upper())
            file_index += 1
    return pieces
