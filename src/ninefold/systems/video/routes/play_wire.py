"""The wire types of plays, and of how playing goes."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.web.bodies import RequestBody
from ninefold.core.web.ids import EXAMPLE_ID, PathId
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.video.model.plays import PLAY_PREFIX, Experience, Figures, Play
from ninefold.systems.video.model.titles import TITLE_PREFIX
from ninefold.systems.video.model.watching import PROFILE_PREFIX, Card
from ninefold.systems.video.routes.watching_wire import Device, TitleIdText
from ninefold.systems.video.rules.positions import resume_s
from ninefold.systems.video.service.tokens import PlaySigner, new_play_token, urls_of

Milliseconds = Annotated[
    int | None, msgspec.Meta(description="To 2.5 %; null as long as no player has joined.", examples=[910])
]
Plays = Annotated[int, msgspec.Meta(examples=[42])]
Ratio = Annotated[
    float | None,
    msgspec.Meta(
        description="How much of the time players had to wait in mid-play; null before anything was played.",
        examples=[0.0012],
    ),
]
SwitchesPerPlay = Annotated[
    float | None, msgspec.Meta(description="Changes of the quality; null without plays.", examples=[1.2])
]
Failures = Annotated[int, msgspec.Meta(description="Plays that ended with an error.", examples=[0])]


class PlayId(PathId):
    """A play's id in a path."""

    prefix = PLAY_PREFIX


class StartPlay(RequestBody, frozen=True, kw_only=True):
    """Who wants to play a title."""

    profile_id: (
        Annotated[
            str,
            msgspec.Meta(
                description="Whose positions it moves; without it, nobody's.",
                examples=[f"{PROFILE_PREFIX}_{EXAMPLE_ID}"],
            ),
        ]
        | None
    ) = None
    device: Device = ""


class PlayView(msgspec.Struct, frozen=True, kw_only=True):
    """A viewing session, with the addresses for its player."""

    play_id: Annotated[str, msgspec.Meta(examples=[f"{PLAY_PREFIX}_{EXAMPLE_ID}"])]
    title_id: TitleIdText
    hls_url: Annotated[str, msgspec.Meta(examples=["https://video.example.com/stream/…/master.m3u8"])]
    dash_url: Annotated[str, msgspec.Meta(examples=["https://video.example.com/stream/…/manifest.mpd"])]
    beacons_url: Annotated[
        str,
        msgspec.Meta(
            description="Where the player sends its beacons.",
            examples=["https://video.example.com/stream/…/beacons"],
        ),
    ]
    token: Annotated[
        str,
        msgspec.Meta(
            description="The part of the addresses that lets the player in. A player that replaces only this part "
            "needn't load anything again.",
            examples=["AQGaz…"],
        ),
    ]
    expires_at: Timestamp
    position_s: Annotated[
        float, msgspec.Meta(description="Where to begin: where the profile was on any device.", examples=[148.2])
    ]


class FiguresView(msgspec.Struct, frozen=True, kw_only=True):
    """How playing went."""

    plays: Plays
    join_p50_ms: Milliseconds
    join_p95_ms: Milliseconds
    rebuffer_ratio: Ratio
    switches_per_play: SwitchesPerPlay
    failures: Failures


class TitleFiguresView(FiguresView, frozen=True, kw_only=True):
    """How playing a title went."""

    title_id: TitleIdText
    name: Annotated[str, msgspec.Meta(examples=["Night Ferry"])]


class ExperienceView(FiguresView, frozen=True, kw_only=True):
    """How playing went, in all and for each title."""

    watching_now: Annotated[int, msgspec.Meta(description="Players that sent a beacon in the last 30 s.", examples=[2])]
    by_title: Annotated[list[TitleFiguresView], msgspec.Meta(description="The 50 titles with most plays.")]


class PlayAddresses(msgspec.Struct, frozen=True, kw_only=True):
    """Shows plays with the addresses for their players."""

    signer: PlaySigner
    base_url: str
    lifetime_s: int

    def show(self, play: Play, card: Card, *, now: datetime) -> PlayView:
        """Return a play with a new token."""
        expires_at = datetime.fromtimestamp(int(now.timestamp()) + self.lifetime_s, UTC)
        token = new_play_token(
            self.signer,
            title_id=play.title_id,
            organisation_id=play.organisation_id,
            profile_id=play.profile_id,
            session_id=play.play_id,
            expires_at=expires_at,
        )
        urls = urls_of(play.title_id, token, base_url=self.base_url)
        return PlayView(
            play_id=format_id(PLAY_PREFIX, play.play_id),
            title_id=format_id(TITLE_PREFIX, play.title_id),
            hls_url=urls.hls_url,
            dash_url=urls.dash_url,
            beacons_url=urls.beacons_url,
            token=token,
            expires_at=expires_at,
            position_s=resume_s(card.position, card.duration_s),
        )


def show_experience(experience: Experience) -> ExperienceView:
    """Return how playing went as the API shows it."""
    return ExperienceView(
        watching_now=experience.watching_now,
        **_fields(experience.figures),
        by_title=[
            TitleFiguresView(title_id=format_id(TITLE_PREFIX, each.title_id), name=each.name, **_fields(each.figures))
            for each in experience.by_title
        ],
    )


# Any, because the fields have several types.
def _fields(figures: Figures) -> dict[str, Any]:
    return msgspec.structs.asdict(figures)
