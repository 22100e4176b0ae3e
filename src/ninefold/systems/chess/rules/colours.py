"""Who gets which pieces."""

from ninefold.systems.chess.model import Colour, ColourChoice


def colour_of_proposer(own: ColourChoice, other: ColourChoice = "random", *, coin: bool) -> Colour:
    """Return which pieces the player gets who proposed a game.

    Args:
        own: what that player wants.
        other: what the opponent wants; both never want the same colour.
        coin: decides if nobody wants a colour.
    """
    if own != "random":
        return own
    if other != "random":
        return "black" if other == "white" else "white"
    return "white" if coin else "black"
