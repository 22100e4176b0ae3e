"""Plays: viewing sessions, what their players tell of them, and the figures that follow."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

import msgspec

PLAY_PREFIX: Final = "vpl"
"""The prefix of a play's id as text."""

EVENTS_MAX: Final = 200
SEQUENCE_MAX: Final = 100_000
DEVICE_LENGTH_MAX: Final = 400
POSITION_S_MAX: Final = 2_000_000


class EventType(StrEnum):
    """What happened in a player."""

    JOIN = "join"
    STALL = "stall"
    RESUME = "resume"
    SWITCH = "switch"
    ERROR = "error"
    SEEK = "seek"
    PAUSE = "pause"
    ENDED = "ended"
    HEARTBEAT = "heartbeat"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened in a player. Fields that aren't known here are ignored."""

    type: EventType
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    join_ms: Annotated[float, msgspec.Meta(ge=0)] | None = None
    """From the wish to play to the first picture."""
    stalled_ms: Annotated[float, msgspec.Meta(ge=0)] | None = None
    """How long the player had to wait before it went on."""
    code: str | int | None = None
    is_fatal: bool | int = False
    """Whether the player gave up."""


class Beacon(msgspec.Struct, frozen=True, kw_only=True):
    """What a player tells of itself since its last beacon."""

    play_id: str
    sequence: Annotated[int, msgspec.Meta(ge=0, le=SEQUENCE_MAX)]
    """From 0; a beacon that comes twice counts once."""
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    position_s: Annotated[float, msgspec.Meta(ge=0, le=POSITION_S_MAX)] | None = None
    played_s: Annotated[float, msgspec.Meta(ge=0)] | None = None
    """How much was played; if it isn't told, each heartbeat counts."""
    device: Annotated[str, msgspec.Meta(max_length=DEVICE_LENGTH_MAX)] = ""
    events: Annotated[list[Event], msgspec.Meta(max_length=EVENTS_MAX)] = []


class BeaconSums(msgspec.Struct, frozen=True, kw_only=True):
    """What a beacon adds to its play."""

    join_ms: int | None
    played_ms: int
    stalled_ms: int
    stalls: int
    switches: int
    errors: int
    failures: int
    last_error: str | None
    ended_at: datetime | None


class Play(msgspec.Struct, frozen=True, kw_only=True):
    """A viewing session."""

    play_id: UUID
    organisation_id: UUID
    title_id: UUID
    profile_id: UUID | None
    started_at: datetime


class PlaySums(msgspec.Struct, frozen=True, kw_only=True):
    """What the plays of a title add up to."""

    title_id: UUID
    name: str
    plays: int
    played_ms: int
    stalled_ms: int
    switches: int
    failures: int


class JoinCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many plays of a title took about as long to join."""

    title_id: UUID
    bucket: int
    plays: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How playing went."""

    plays: int
    join_p50_ms: int | None
    join_p95_ms: int | None
    rebuffer_ratio: float | None
    """Of the time that was watched or waited for."""
    switches_per_play: float | None
    failures: int
    """Plays that an error ended."""


class TitleFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How playing a title went."""

    title_id: UUID
    name: str
    figures: Figures


class Experience(msgspec.Struct, frozen=True, kw_only=True):
    """How playing went for an organisation or a title."""

    watching_now: int
    figures: Figures
    by_title: list[TitleFigures]
