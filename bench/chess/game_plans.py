"""What the players of simulated games do: each decision follows from a seed and from how far the game is."""

import random
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from ninefold.edge.demo.chess.client import ChessClient
from ninefold.edge.demo.chess.copies import GameCopy
from ninefold.edge.demo.chess.players import Decide, Step
from ninefold.systems.chess.model import START_FEN
from ninefold.systems.chess.rules.position import Position

PLIES_MAX: Final = 50
"""After so many plies, the player to move resigns."""

STARTS: Final = (
    *[START_FEN] * 6,
    "7k/5Q2/8/6K1/8/8/8/8 w - - 0 1",
    "8/8/8/4k3/8/8/3R4/2Q1K3 w - - 0 1",
    "8/P6k/8/8/8/8/p6K/8 w - - 0 1",
    "8/8/3k4/2n5/8/4KP2/8/8 b - - 0 1",
    "8/8/5k2/8/8/3KR3/8/8 w - - 136 100",
    "8/8/4k3/4r3/8/3KR3/8/8 w - - 88 90",
    "r3k2r/pppq1ppp/2np1n2/2b1p3/2B1P1b1/2NP1N2/PPPQ1PPP/R3K2R w KQkq - 0 8",
)
"""Positions to begin with: endings that end in all ways, and one in which everything is possible."""

CLOCKS: Final = (
    *[{"limit_s": 180, "increment_s": 2}] * 4,
    *[{"limit_s": 60, "increment_s": 0}] * 3,
    {"limit_s": 3, "increment_s": 0},
    {"days_per_turn": 1},
    None,
)
_ILLEGAL: Final = "a1h7"

# How often, of turns.
_RESIGNS: Final = 0.006
_OFFERS_DRAW: Final = 0.03
_OFFERS_TAKEBACK: Final = 0.04
_GIVES_TIME: Final = 0.02
_CLAIMS_DRAW: Final = 0.25
_TRIES_ILLEGAL: Final = 0.03
_ABORTS: Final = 0.02
_INTERRUPTS: Final = 0.03
"""Does something in the opponent's turn, so that it races with the move."""


class Plan(NamedTuple):
    """What is decided about a game before it begins."""

    initial_fen: str
    clock: dict[str, int] | None
    is_rated: bool
    is_shuffling: bool
    """Whether both move to and fro, so that positions repeat."""
    stops_at_ply: int | None
    """When the player to move is never heard of again; only with a short clock."""


def make_plan(dice: random.Random) -> Plan:
    """Return the plan of a game."""
    clock = dice.choice(CLOCKS)
    fen = dice.choice(STARTS)
    is_short = clock is not None and clock.get("limit_s") == 3  # noqa: PLR2004  # a clock that can run out.
    is_usual = fen == START_FEN
    return Plan(
        initial_fen=fen,
        clock=clock,
        is_rated=is_usual and clock is not None and dice.random() < 0.5,  # noqa: PLR2004  # half of those that can be.
        is_shuffling=is_usual and dice.random() < 0.1,  # noqa: PLR2004  # a tenth.
        stops_at_ply=dice.randrange(2, 20) if is_short else None,
    )


def player_of(plan: Plan, colour: str, client: ChessClient) -> Decide:
    """Return how a player of this colour decides.

    What it has done once, by the name of the step, it doesn't do again.
    """

    def decide(copy: GameCopy) -> Step | None:
        takebacks = sum(entry["type"] == "takeback" for entry in copy.log)
        turn = f"{colour}-{len(copy.moves)}-{takebacks}"
        if copy.position.turn == colour and len(copy.moves) == plan.stops_at_ply:
            return None
        actions = [*_replies(copy, colour, turn, client), *_wishes(copy, colour, turn, client)]
        for action in actions:
            if (name := f"{action}-{turn}") not in client.answers:
                return Step(name=name, kind="actions", what=action)
        if copy.position.turn != colour or not copy.position.legal_moves:
            return None
        dice = client.network.dice(f"move {turn}")
        if dice.random() < _TRIES_ILLEGAL and (name := f"illegal-{turn}") not in client.answers:
            return Step(name=name, kind="moves", what=_ILLEGAL)
        return Step(name=f"move-{turn}", kind="moves", what=_choose(plan, copy, dice))

    return decide


def _replies(copy: GameCopy, colour: str, turn: str, client: ChessClient) -> list[str]:
    """What it says to an offer of the opponent; a move without an answer declines it."""
    replies = []
    for offer in ("draw", "takeback"):
        if copy.offers.get(offer) not in (None, colour):
            dice = client.network.dice(f"reply {offer} {turn}")
            replies.append(f"{dice.choice(['accept', 'accept', 'decline'])}_{offer}")
    return replies


def _wishes(copy: GameCopy, colour: str, turn: str, client: ChessClient) -> list[str]:
    dice = client.network.dice(f"wishes {turn}")
    if copy.position.turn != colour:
        wishes = ["resign", "offer_takeback", "offer_draw", "add_time", "abort"]
        return [dice.choice(wishes)] if dice.random() < _INTERRUPTS else []
    if len(copy.moves) >= PLIES_MAX:
        return ["resign"]
    chances = {
        "abort": _ABORTS if len(copy.moves) < 2 else 0.0,  # noqa: PLR2004  # before both first moves.
        "resign": _RESIGNS,
        "claim_draw": _CLAIMS_DRAW if len(copy.moves) > 8 else 0.0,  # noqa: PLR2004  # there is no reason earlier.
        "offer_draw": _OFFERS_DRAW,
        "offer_takeback": _OFFERS_TAKEBACK,
        "add_time": _GIVES_TIME,
    }
    return [action for action, chance in chances.items() if dice.random() < chance]


def _choose(plan: Plan, copy: GameCopy, dice: random.Random) -> str:
    legal = sorted(copy.position.legal_moves)
    if plan.is_shuffling and (back := _way_back(copy.moves, legal)) is not None:
        return back
    mates = [uci for uci in legal if _mates(copy.position, uci)]
    return dice.choice(mates or legal)


def _way_back(moves: Sequence[str], legal: Sequence[str]) -> str | None:
    """Return the move that undoes the player's last one; or a move of a knight to begin with."""
    last = moves[-2] if len(moves) > 1 else None
    wanted = [f"{last[2:4]}{last[:2]}"] if last else ["g1f3", "g8f6"]
    return next((uci for uci in legal if uci in wanted), None)


def _mates(position: Position, uci: str) -> bool:
    return position.play(uci).is_checkmate


def terms_of(plan: Plan) -> dict[str, Any]:
    """Return the fields of the request that starts the game."""
    return {"clock": plan.clock, "is_rated": plan.is_rated, "initial_fen": plan.initial_fen}
