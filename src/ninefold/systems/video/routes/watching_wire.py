"""The wire types of profiles, and of what the lists of viewers show."""

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.web.bodies import RequestBody
from ninefold.core.web.ids import EXAMPLE_ID, PathId
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.video.model.titles import TITLE_PREFIX
from ninefold.systems.video.model.watching import (
    PROFILE_PREFIX,
    Card,
    Maturity,
    Position,
    Profile,
    RowKind,
)
from ninefold.systems.video.rules.positions import resume_s
from ninefold.systems.video.service.profiles import EXTERNAL_ID_LENGTH_MAX, NAME_LENGTH_MAX

POSITION_S_MAX: Final = 2_000_000
"""More than three weeks."""
DEVICE_LENGTH_MAX: Final = 80

ProfileIdText = Annotated[str, msgspec.Meta(examples=[f"{PROFILE_PREFIX}_{EXAMPLE_ID}"])]
TitleIdText = Annotated[str, msgspec.Meta(examples=[f"{TITLE_PREFIX}_{EXAMPLE_ID}"])]
ProfileName = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_LENGTH_MAX, pattern=r"\S", examples=["Ines"])]
MaturityMax = Annotated[
    Maturity,
    msgspec.Meta(
        description="The age up to which titles are shown; others don't exist for this profile.", examples=[16]
    ),
]
Seconds = Annotated[float, msgspec.Meta(examples=[148.2])]
Device = Annotated[
    str, msgspec.Meta(max_length=DEVICE_LENGTH_MAX, description="What the device calls itself.", examples=["Tablet"])
]


class ProfileId(PathId):
    """A profile's id in a path or a query."""

    prefix = PROFILE_PREFIX


class WatchedTitleId(PathId):
    """A title's id in a path."""

    prefix = TITLE_PREFIX


class CreateProfile(RequestBody, frozen=True, kw_only=True):
    """A profile to create."""

    name: ProfileName
    maturity_max: MaturityMax = 18
    external_id: (
        Annotated[
            str,
            msgspec.Meta(
                min_length=1,
                max_length=EXTERNAL_ID_LENGTH_MAX,
                description="What your product calls it; unique.",
                examples=["user-4711"],
            ),
        ]
        | None
    ) = None


class UpdateProfile(RequestBody, frozen=True, kw_only=True):
    """What to change of a profile."""

    name: ProfileName | msgspec.UnsetType = msgspec.UNSET
    maturity_max: MaturityMax | msgspec.UnsetType = msgspec.UNSET


class ReportPosition(RequestBody, frozen=True, kw_only=True):
    """Where a device is, or was, in a title."""

    position_s: Annotated[float, msgspec.Meta(ge=0, le=POSITION_S_MAX, examples=[148.2])]
    watched_at: (
        Annotated[
            datetime,
            msgspec.Meta(
                tz=True,
                description="When that was, if not now: for devices that were offline. A time in the future counts "
                "as now.",
            ),
        ]
        | None
    ) = None
    device: Device = ""


class ProfileView(msgspec.Struct, frozen=True, kw_only=True):
    """Who watches."""

    profile_id: ProfileIdText
    name: Annotated[str, msgspec.Meta(examples=["Ines"])]
    maturity_max: MaturityMax
    external_id: Annotated[str | None, msgspec.Meta(examples=["user-4711"])]
    created_at: Timestamp


class PositionView(msgspec.Struct, frozen=True, kw_only=True):
    """How far a profile is in a title."""

    title_id: TitleIdText
    position_s: Annotated[
        Seconds | None, msgspec.Meta(description="Where it was last, on any device; null if it hasn't begun.")
    ]
    resume_s: Annotated[float, msgspec.Meta(description="Where to begin to play: 0 after the end.", examples=[148.2])]
    watched_at: Timestamp | None
    device: Annotated[str | None, msgspec.Meta(description="Where it was watched last.", examples=["Tablet"])]
    is_finished: bool
    finished_at: Annotated[
        Timestamp | None, msgspec.Meta(description="When it was last watched to the end; null if it never was.")
    ]


class CardView(msgspec.Struct, frozen=True, kw_only=True):
    """A title in a list for viewers."""

    title_id: TitleIdText
    name: Annotated[str, msgspec.Meta(examples=["Night Ferry"])]
    tags: Annotated[list[str], msgspec.Meta(examples=[["sea", "slow"]])]
    maturity: Annotated[int, msgspec.Meta(description="The youngest age that it is for.", examples=[6])]
    poster_url: Annotated[str | None, msgspec.Meta(examples=["/stream/…/poster.jpg"])]
    duration_s: Annotated[float | None, msgspec.Meta(description="Null until it is known.", examples=[3480.0])]
    position_s: Annotated[
        float | None, msgspec.Meta(description="How far the profile is; null if it hasn't begun.", examples=[148.2])
    ]
    left_s: Annotated[float | None, msgspec.Meta(description="How much is left of what was begun.", examples=[3331.8])]
    is_finished: bool
    is_listed: Annotated[bool, msgspec.Meta(description="Whether it is on the profile's list.")]
    is_new: Annotated[bool, msgspec.Meta(description="Whether it came in the last two weeks.")]
    reason: Annotated[
        str | None, msgspec.Meta(description="Why this title is shown.", examples=["Because you finished Low Tide"])
    ]


class CardList(msgspec.Struct, frozen=True, kw_only=True):
    """Titles for a viewer."""

    items: list[CardView]
    next_cursor: None = None


class RowView(msgspec.Struct, frozen=True, kw_only=True):
    """Titles that have something in common."""

    kind: Annotated[RowKind, msgspec.Meta(examples=["continue"])]
    title: Annotated[str, msgspec.Meta(examples=["Go on watching"])]
    reason: Annotated[str | None, msgspec.Meta(examples=["on every device where you left it"])]
    items: list[CardView]


class RowList(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of a profile, the most personal first; none is empty."""

    rows: list[RowView]


class MatchView(msgspec.Struct, frozen=True, kw_only=True):
    """What of a title was found."""

    field: Annotated[Literal["name", "tags", "description"], msgspec.Meta(examples=["name"])]
    text: Annotated[str, msgspec.Meta(description="The word, in lower case and without accents.", examples=["narvik"])]
    is_exact: Annotated[bool, msgspec.Meta(description="False if it was found despite a typing error.")]


class HitView(msgspec.Struct, frozen=True, kw_only=True):
    """A title that a search has found."""

    title: CardView
    matches: list[MatchView]


class HitList(msgspec.Struct, frozen=True, kw_only=True):
    """What a search has found, best first."""

    items: list[HitView]
    next_cursor: None = None


def show_profile(profile: Profile) -> ProfileView:
    """Return a profile as the API shows it."""
    return ProfileView(
        profile_id=format_id(PROFILE_PREFIX, profile.profile_id),
        name=profile.name,
        maturity_max=profile.maturity_max,
        external_id=profile.external_id,
        created_at=profile.created_at,
    )


def show_position(card: Card, position: Position | None) -> PositionView:
    """Return how far a profile is in a title as the API shows it."""
    return PositionView(
        title_id=format_id(TITLE_PREFIX, card.title_id),
        position_s=None if position is None else position.position_ms / 1000,
        resume_s=resume_s(position, card.duration_s),
        watched_at=None if position is None else position.watched_at,
        device=None if position is None else position.device,
        is_finished=position is not None and position.is_finished,
        finished_at=None if position is None else position.finished_at,
    )
