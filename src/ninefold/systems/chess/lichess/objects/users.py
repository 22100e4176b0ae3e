"""Users: the players of an organisation, as Lichess's API shows them."""

from collections.abc import Mapping, Sequence

import msgspec

from ninefold.core.ids import format_id
from ninefold.systems.chess.lichess.objects.words import millis, title_of, user_id
from ninefold.systems.chess.model import GAME_PREFIX, PLAYER_PREFIX, Game, Player, Rating, RatingOfSpeed, Speed
from ninefold.systems.chess.service.ratings import UNRATED, is_provisional


class LightUser(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who a player is."""

    id: str
    name: str
    title: str | None = None


class Perf(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How strong a user is at one speed."""

    games: int
    rating: int
    rd: int
    """The deviation of the rating."""
    prog: int
    """How the rating has changed lately; always 0."""
    prov: bool | None = None
    """True if the rating is provisional."""


class User(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A user with the ratings at all speeds."""

    id: str
    username: str
    perfs: Mapping[str, Perf]
    title: str | None = None
    created_at: int
    seen_at: int | None = None
    url: str
    playing: str | None = None
    """The page of a game that the user plays."""


class UserStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """What a user does now."""

    id: str
    name: str
    title: str | None = None
    online: bool | None = None
    """True, or left out."""
    playing: bool | None = None
    playing_id: str | None = None


def show_light_user(player: Player) -> LightUser:
    """Return who a player is."""
    return LightUser(id=user_id(player), name=player.name, title=title_of(player))


def show_perf(rating: Rating) -> Perf:
    """Return how strong a user is at one speed."""
    return Perf(
        games=rating.games,
        rating=round(rating.rating),
        rd=round(rating.deviation),
        prog=0,
        prov=True if is_provisional(rating) else None,
    )


def show_user(player: Player, ratings: Sequence[RatingOfSpeed], *, site_url: str, playing: Game | None = None) -> User:
    """Return a user.

    Args:
        player: the player.
        ratings: those at speeds with rated games.
        site_url: where people reach the server, without a slash at the end.
        playing: a game that the user plays.
    """
    by_speed = {rating.speed: rating for rating in ratings}
    return User(
        id=user_id(player),
        username=player.name,
        perfs={speed.value: show_perf(by_speed.get(speed, UNRATED)) for speed in Speed},
        title=title_of(player),
        created_at=millis(player.created_at),
        seen_at=None if player.seen_at is None else millis(player.seen_at),
        url=f"{site_url}/chess/players/{format_id(PLAYER_PREFIX, player.player_id)}",
        playing=None if playing is None else f"{site_url}/chess/games/{format_id(GAME_PREFIX, playing.game_id)}",
    )


def show_user_status(player: Player, *, is_online: bool, playing: Game | None, has_game_ids: bool) -> UserStatus:
    """Return what a user does now.

    Args:
        player: the player.
        is_online: whether the user is connected or has just done something.
        playing: a game that the user plays.
        has_game_ids: whether its id is shown.
    """
    return UserStatus(
        id=user_id(player),
        name=player.name,
        title=title_of(player),
        online=is_online or None,
        playing=True if playing is not None else None,
        playing_id=playing.short_id if playing is not None and has_game_ids else None,
    )
