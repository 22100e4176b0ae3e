"""The wire types of challenges and seeks."""

from collections.abc import Mapping
from typing import Annotated, Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.web.bodies import RequestBody
from ninefold.core.web.ids import EXAMPLE_ID, PathId
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.chess.model import (
    CHALLENGE_PREFIX,
    GAME_PREFIX,
    SEEK_PREFIX,
    Challenge,
    ChallengeStatus,
    ColourChoice,
    Player,
    Seek,
    Speed,
    Terms,
)
from ninefold.systems.chess.routes.game_requests import ActingPlayerId, ClockBody, read_clock
from ninefold.systems.chess.routes.game_wire import ClockView, show_clock
from ninefold.systems.chess.routes.player_wire import PlayerView, show_player
from ninefold.systems.chess.rules.clocks import speed_of
from ninefold.systems.chess.service.challenges import Joined

EXAMPLE_FEN: Final = "4k3/8/8/8/8/8/4P3/4K3 w - - 0 1"

GameIdText = Annotated[str, msgspec.Meta(examples=[f"{GAME_PREFIX}_{EXAMPLE_ID}"])]
ChallengeIdText = Annotated[str, msgspec.Meta(examples=[f"{CHALLENGE_PREFIX}_{EXAMPLE_ID}"])]
SeekIdText = Annotated[str, msgspec.Meta(examples=[f"{SEEK_PREFIX}_{EXAMPLE_ID}"])]
ShortIdText = Annotated[str, msgspec.Meta(description="That of the game that it becomes.", examples=["q7ZvsdUF"])]
RatingBound = Annotated[int, msgspec.Meta(ge=0, le=5_000, examples=[1400])] | None


class ChallengeId(PathId):
    """A challenge's id in a path."""

    prefix = CHALLENGE_PREFIX


class SeekId(PathId):
    """A seek's id in a path."""

    prefix = SEEK_PREFIX


class ActFor(RequestBody, frozen=True, kw_only=True):
    """For which player a request acts."""

    player_id: ActingPlayerId = None


class _Proposal(ActFor, frozen=True, kw_only=True):
    clock: ClockBody | None = None
    """null for a game without a limit."""
    is_rated: bool = False
    colour: Annotated[ColourChoice, msgspec.Meta(description="Of the player who proposes the game.")] = "random"


class CreateChallenge(_Proposal, frozen=True, kw_only=True):
    """A challenge to create."""

    to_player_id: Annotated[
        str | None,
        msgspec.Meta(description="Who is challenged; null for anybody who has the link.", examples=[None]),
    ] = None
    initial_fen: Annotated[
        str | None,
        msgspec.Meta(description="The position to begin with; null for the usual one.", examples=[EXAMPLE_FEN]),
    ] = None


class CreateSeek(_Proposal, frozen=True, kw_only=True):
    """A seek to open."""

    clock: ClockBody
    rating_min: RatingBound = None
    rating_max: RatingBound = None


class DeclineChallenge(ActFor, frozen=True, kw_only=True):
    """How to decline a challenge."""

    reason: Annotated[
        str, msgspec.Meta(min_length=1, max_length=80, description="Lichess's word for it.", examples=["later"])
    ] = "generic"


class ChallengeView(msgspec.Struct, frozen=True, kw_only=True):
    """A challenge."""

    challenge_id: ChallengeIdText
    short_id: ShortIdText
    status: ChallengeStatus
    is_open: Annotated[bool, msgspec.Meta(description="Whether anybody who has the link can accept it.")]
    from_player: PlayerView
    to_player: PlayerView | None
    clock: ClockView | None
    speed: Speed
    is_rated: bool
    colour: Annotated[ColourChoice, msgspec.Meta(description="Of the player who challenges.")]
    initial_fen: Annotated[str | None, msgspec.Meta(examples=[None])]
    decline_reason: Annotated[str | None, msgspec.Meta(examples=[None])]
    game_id: GameIdText | None
    rematch_of: GameIdText | None
    page: Annotated[
        str,
        msgspec.Meta(
            description="The path of the console's page where it can be accepted.",
            examples=[f"/chess/join/{CHALLENGE_PREFIX}_{EXAMPLE_ID}"],
        ),
    ]
    created_at: Timestamp
    expires_at: Timestamp


class ChallengeList(msgspec.Struct, frozen=True, kw_only=True):
    """Challenges that can be accepted, latest first."""

    items: list[ChallengeView]


class AcceptedView(msgspec.Struct, frozen=True, kw_only=True):
    """The game that has begun."""

    game_id: GameIdText
    short_id: ShortIdText


class JoinedView(AcceptedView, frozen=True, kw_only=True):
    """The game that has begun, and the guest who plays it."""

    player: PlayerView
    token: Annotated[
        str, msgspec.Meta(description="Plays for the guest. It isn't stored anywhere.", examples=["lip_AbC123xy_…"])
    ]


class SeekView(msgspec.Struct, frozen=True, kw_only=True):
    """An open seek."""

    seek_id: SeekIdText
    player: PlayerView
    rating: Annotated[int, msgspec.Meta(description="The player's rating when it was opened.", examples=[1687])]
    clock: ClockView | None
    speed: Speed
    is_rated: bool
    colour: Annotated[ColourChoice, msgspec.Meta(description="Of the player who seeks.")]
    rating_min: RatingBound
    rating_max: RatingBound
    created_at: Timestamp
    expires_at: Timestamp


class SeekList(msgspec.Struct, frozen=True, kw_only=True):
    """Open seeks, oldest first."""

    items: list[SeekView]
    live_channel: Annotated[
        str, msgspec.Meta(description="The live channel of the lobby.", examples=[f"chess.lobby:org_{EXAMPLE_ID}"])
    ]


class SoughtView(msgspec.Struct, frozen=True, kw_only=True):
    """A seek that was opened, or the game that has begun at once."""

    seek: SeekView | None
    game: AcceptedView | None


class PublicChallengeView(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody who has the link of an open challenge sees."""

    challenge_id: ChallengeIdText
    status: ChallengeStatus
    from_name: Annotated[str, msgspec.Meta(examples=["ines"])]
    clock: ClockView | None
    speed: Speed
    is_rated: bool
    colour: ColourChoice
    expires_at: Timestamp


def read_terms(body: CreateChallenge | CreateSeek) -> Terms:
    """Return what game a request proposes.

    Raises:
        InvalidInputError: the clock isn't one.
    """
    return Terms(
        time_control=read_clock(body.clock),
        is_rated=body.is_rated,
        colour=body.colour,
        initial_fen=body.initial_fen if isinstance(body, CreateChallenge) else None,
    )


def show_challenge(challenge: Challenge, players: Mapping[UUID, Player]) -> ChallengeView:
    """Return a challenge as the API shows it."""
    text = format_id(CHALLENGE_PREFIX, challenge.challenge_id)
    to = challenge.to_player_id
    return ChallengeView(
        challenge_id=text,
        short_id=challenge.short_id,
        status=challenge.status,
        is_open=challenge.is_open,
        from_player=show_player(players[challenge.from_player_id]),
        to_player=None if to is None else show_player(players[to]),
        clock=show_clock(challenge.terms.time_control),
        speed=speed_of(challenge.terms.time_control),
        is_rated=challenge.terms.is_rated,
        colour=challenge.terms.colour,
        initial_fen=challenge.terms.initial_fen,
        decline_reason=challenge.decline_reason,
        game_id=_game_id(challenge.game_id),
        rematch_of=_game_id(challenge.rematch_of),
        page=f"/chess/join/{text}",
        created_at=challenge.created_at,
        expires_at=challenge.expires_at,
    )


def show_public_challenge(challenge: Challenge, proposer: Player) -> PublicChallengeView:
    """Return an open challenge as somebody sees it who has its link."""
    return PublicChallengeView(
        challenge_id=format_id(CHALLENGE_PREFIX, challenge.challenge_id),
        status=challenge.status,
        from_name=proposer.name,
        clock=show_clock(challenge.terms.time_control),
        speed=speed_of(challenge.terms.time_control),
        is_rated=challenge.terms.is_rated,
        colour=challenge.terms.colour,
        expires_at=challenge.expires_at,
    )


def show_joined(joined: Joined) -> JoinedView:
    """Return the game that a guest has joined."""
    return JoinedView(
        game_id=format_id(GAME_PREFIX, joined.game.game_id),
        short_id=joined.game.short_id,
        player=show_player(joined.guest),
        token=joined.token.text,
    )


def show_seek(seek: Seek, player: Player) -> SeekView:
    """Return a seek as the API shows it."""
    return SeekView(
        seek_id=format_id(SEEK_PREFIX, seek.seek_id),
        player=show_player(player),
        rating=seek.rating,
        clock=show_clock(seek.terms.time_control),
        speed=speed_of(seek.terms.time_control),
        is_rated=seek.terms.is_rated,
        colour=seek.terms.colour,
        rating_min=seek.rating_min,
        rating_max=seek.rating_max,
        created_at=seek.created_at,
        expires_at=seek.expires_at,
    )


def _game_id(game_id: UUID | None) -> str | None:
    return None if game_id is None else format_id(GAME_PREFIX, game_id)
