"""What players do in a game, and what they are answered: moves, actions, presence, chat."""

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

Room: TypeAlias = Literal["player", "spectator"]

ActionKind: TypeAlias = Literal[
    "resign",
    "abort",
    "offer_draw",
    "accept_draw",
    "decline_draw",
    "claim_draw",
    "offer_takeback",
    "accept_takeback",
    "decline_takeback",
    "claim_victory",
    "claim_draw_gone",
    "add_time",
]


class NewMove(msgspec.Struct, frozen=True, kw_only=True):
    """A move as a client sends it."""

    ply: int | None
    """The ply that it makes, from 1; None from clients that don't say (Lichess's API): the next one."""
    uci: str
    client_action_id: str | None
    """Makes it idempotent; None from clients that have no such id."""
    lag_ms: int | None = None
    """How long a message takes from the client to the server and back, as the client has measured it."""
    move_time_ms: int | None = None
    """How long the player has thought, by the client's clock; 0 for a premove."""
    is_draw_offered: bool = False
    """Whether it comes with the offer of a draw."""


class NewAction(msgspec.Struct, frozen=True, kw_only=True):
    """What a player does besides moving."""

    kind: ActionKind
    client_action_id: str | None


class ClocksShown(msgspec.Struct, frozen=True, kw_only=True):
    """What both have left, in milliseconds; None without a limit."""

    white_ms: int | None
    black_ms: int | None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a move or an action. The same id of a client always gets the same answer."""

    result: Literal["committed", "rejected"]
    reason: str | None = None
    """Why it was rejected: one of `REJECTIONS`."""
    detail: str | None = None
    """The same in a sentence for people."""
    sequence: int
    """The number of the last entry that it appended; if it was rejected, of the last one in the log."""
    ply: int
    """How many moves were made, after it."""
    clocks: ClocksShown
    at: datetime


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a player is at a game, as its client has last said."""

    seen_at: datetime
    left_at: datetime | None
    gone_at: datetime | None
    """Since when the log calls the player gone."""
    claimable_at: datetime | None
    """From when on the opponent can claim."""


class ChatLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the chat of a game."""

    game_id: UUID
    room: Room
    sequence: int
    player_id: UUID
    name: str
    text: str
    at: datetime
