"""The wire types of players, their ratings and their tokens."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Final

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.tenancy.model import CreatedCredential, Credential, CredentialState
from ninefold.core.tenancy.service import NAME_LENGTH_MAX
from ninefold.core.web.bodies import RequestBody
from ninefold.core.web.ids import EXAMPLE_ID, PathId
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.chess.model import GAME_PREFIX, PLAYER_PREFIX, Player, RatingChange, RatingOfSpeed, Speed
from ninefold.systems.chess.service.channels import player_channel
from ninefold.systems.chess.service.players import PLAYER_TOKEN
from ninefold.systems.chess.service.ratings import is_provisional

EXAMPLE_PLAYER_ID: Final = f"{PLAYER_PREFIX}_{EXAMPLE_ID}"

PlayerIdText = Annotated[str, msgspec.Meta(examples=[EXAMPLE_PLAYER_ID])]
PlayerName = Annotated[
    str,
    msgspec.Meta(description="Unique, in upper or lower case. Only the engine's have spaces.", examples=["ines"]),
]
SpeedText = Annotated[Speed, msgspec.Meta(examples=["blitz"])]
Points = Annotated[int, msgspec.Meta(examples=[1687])]


class PlayerId(PathId):
    """A player's id in a path or a query."""

    prefix = PLAYER_PREFIX


class PlayerTokenId(PathId):
    """A player token's id in a path."""

    prefix = PLAYER_TOKEN.id_prefix


class CreatePlayer(RequestBody, frozen=True, kw_only=True):
    """A player to create."""

    name: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            max_length=80,
            description="2 to 30 letters without accents, digits, `_` and `-`; unique, in upper or lower case.",
            examples=["ines"],
        ),
    ]
    is_bot: bool = False


class CreatePlayerToken(RequestBody, frozen=True, kw_only=True):
    """A token to create."""

    name: Annotated[
        str, msgspec.Meta(min_length=1, max_length=NAME_LENGTH_MAX, description="What it is for.", examples=["laptop"])
    ] = "chess"
    expires_in_s: (
        Annotated[
            int, msgspec.Meta(ge=1, le=3650 * 86_400, description="How long it is valid; null if it never expires.")
        ]
        | None
    ) = None


class RatingView(msgspec.Struct, frozen=True, kw_only=True):
    """How strong a player is at one speed."""

    rating: Points
    deviation: Annotated[
        int, msgspec.Meta(description="With 95 %, the strength is within two deviations of the rating.", examples=[61])
    ]
    is_provisional: Annotated[bool, msgspec.Meta(description="Whether the deviation is still 110 or more.")]
    games: Annotated[int, msgspec.Meta(description="How many rated games it comes from.", examples=[42])]


class PlayerView(msgspec.Struct, frozen=True, kw_only=True):
    """A player."""

    player_id: PlayerIdText
    name: PlayerName
    is_bot: bool
    is_guest: Annotated[bool, msgspec.Meta(description="Whether the player has come by a link, without an account.")]
    has_account: Annotated[
        bool, msgspec.Meta(description="Whether it is a person's own player, for whom only that person creates tokens.")
    ]
    engine_level: Annotated[
        int | None, msgspec.Meta(description="The level of the engine; null for everybody else.", examples=[None])
    ]
    ratings: Annotated[
        Mapping[str, RatingView],
        msgspec.Meta(
            description="By speed: `ultraBullet`, `bullet`, `blitz`, `rapid`, `classical`, `correspondence`. Speeds "
            "without a rated game are missing; there, everybody begins with 1,500."
        ),
    ]
    created_at: Timestamp
    seen_at: Annotated[
        Timestamp | None, msgspec.Meta(description="When the player has last done something, to about a minute.")
    ]
    live_channel: Annotated[
        str,
        msgspec.Meta(
            description="The live channel of the player's challenges and games.",
            examples=[f"chess.player:{EXAMPLE_PLAYER_ID}"],
        ),
    ]


class RatingChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """What the result of a game has made of a player's rating."""

    game_id: Annotated[str, msgspec.Meta(examples=[f"{GAME_PREFIX}_{EXAMPLE_ID}"])]
    speed: SpeedText
    rating: Points
    difference: Annotated[int, msgspec.Meta(examples=[-7])]
    deviation: Annotated[int, msgspec.Meta(examples=[61])]
    at: Timestamp


class PlayerTokenView(msgspec.Struct, frozen=True, kw_only=True):
    """A token, without its text."""

    token_id: Annotated[str, msgspec.Meta(examples=[f"{PLAYER_TOKEN.id_prefix}_{EXAMPLE_ID}"])]
    prefix: Annotated[str, msgspec.Meta(description="The public part of its text.", examples=["lip_AbC123xy"])]
    name: Annotated[str, msgspec.Meta(examples=["Laptop"])]
    state: CredentialState
    created_at: Timestamp
    expires_at: Timestamp | None
    last_used_at: Timestamp | None


class CreatedPlayerTokenView(PlayerTokenView, frozen=True, kw_only=True):
    """A new token with its text, which isn't stored anywhere."""

    token: Annotated[str, msgspec.Meta(examples=["lip_AbC123xy_…"])]


class PlayerTokenList(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens of a player, oldest first."""

    items: list[PlayerTokenView]
    next_cursor: None = None


def show_player(player: Player, ratings: Iterable[RatingOfSpeed] = ()) -> PlayerView:
    """Return a player as the API shows it."""
    return PlayerView(
        player_id=format_id(PLAYER_PREFIX, player.player_id),
        name=player.name,
        is_bot=player.is_bot,
        is_guest=player.is_guest,
        has_account=player.account_id is not None,
        engine_level=player.engine_level,
        ratings={str(rating.speed): show_rating(rating) for rating in ratings},
        created_at=player.created_at,
        seen_at=player.seen_at,
        live_channel=player_channel(player.player_id),
    )


def show_rating(rating: RatingOfSpeed) -> RatingView:
    """Return a rating as the API shows it."""
    return RatingView(
        rating=round(rating.rating),
        deviation=round(rating.deviation),
        is_provisional=is_provisional(rating),
        games=rating.games,
    )


def show_rating_change(change: RatingChange) -> RatingChangeView:
    """Return the change of a rating as the API shows it."""
    return RatingChangeView(
        game_id=format_id(GAME_PREFIX, change.game_id),
        speed=change.speed,
        rating=round(change.rating),
        difference=change.difference,
        deviation=round(change.deviation),
        at=change.at,
    )


def show_player_token(token: Credential) -> PlayerTokenView:
    """Return a token as the API lists it."""
    return PlayerTokenView(
        token_id=format_id(PLAYER_TOKEN.id_prefix, token.credential_id),
        prefix=token.prefix,
        name=token.name,
        state=token.state,
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
    )


def show_created_player_token(created: CreatedCredential) -> CreatedPlayerTokenView:
    """Return a new token with its text."""
    return CreatedPlayerTokenView(token=created.text, **msgspec.structs.asdict(show_player_token(created)))
