"""Who watches what: profiles, how far they are in titles, and what the pages of a viewer show."""

from datetime import datetime
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

import msgspec

PROFILE_PREFIX: Final = "vpr"
"""The prefix of a profile's id as text."""

MATURITIES: Final = (0, 6, 12, 16, 18)
Maturity = Literal[0, 6, 12, 16, 18]
"""The youngest age that a title is for."""


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `video.profile`, with the same names."""

    profile_id: UUID
    organisation_id: UUID
    name: str
    maturity_max: Maturity
    external_id: str | None
    created_at: datetime


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """How far a profile is in a title."""

    position_ms: int
    watched_at: datetime
    device: str
    is_finished: bool
    finished_at: datetime | None
    """When the title was last watched to its end; before `watched_at` if it was begun again."""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A title as a list for viewers shows it."""

    title_id: UUID
    name: str
    tags: list[str]
    maturity: int
    duration_us: int | None
    has_poster: bool
    playable_at: datetime
    position: Position | None
    is_listed: bool
    """Whether it is on the profile's list."""

    @property
    def duration_s(self) -> float | None:
        """How long it is, in seconds; None if that isn't known yet."""
        return None if self.duration_us is None else self.duration_us / 1_000_000


class RowKind(StrEnum):
    """What a row of titles has in common."""

    CONTINUE = "continue"
    BECAUSE = "because"
    POPULAR = "popular"
    NEW = "new"
    MY_LIST = "my_list"
    TAG = "tag"


class RowItem(msgspec.Struct, frozen=True, kw_only=True):
    """A title in a row."""

    card: Card
    reason: str | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Titles that a viewer might watch now, and why."""

    kind: RowKind
    title: str
    reason: str | None
    items: list[RowItem]


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """What of a title a search has matched."""

    field: Literal["name", "tags", "description"]
    text: str
    is_exact: bool
    """False if it was found despite a typing error."""


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A title that a search has found."""

    card: Card
    matches: list[Match]


class SearchCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """A title that a search has to look at."""

    title_id: UUID
    name: str
    tags: list[str]
    description: str
