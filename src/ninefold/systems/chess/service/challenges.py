"""Challenges: a player invites another one, or anybody who has a link, to a game."""

import secrets
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple
from uuid import UUID

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.kinds import random_text
from ninefold.core.tenancy.model import CreatedCredential
from ninefold.systems.chess.errors import (
    ChallengeEndedError,
    ChallengeNotFoundError,
    InvalidChallengeError,
    NotYourChallengeError,
)
from ninefold.systems.chess.model import ENGINE_SOURCE, START_FEN, Challenge, Game, GameStatus, Player, Terms
from ninefold.systems.chess.rules.colours import colour_of_proposer
from ninefold.systems.chess.rules.position import Position
from ninefold.systems.chess.service.engine import wake_engine
from ninefold.systems.chess.service.games import (
    RUNNING_MAX,
    SHORT_ID_LENGTH,
    check_rated,
    check_time_control,
    start_game,
)
from ninefold.systems.chess.service.meetings import announce_challenge
from ninefold.systems.chess.service.players import create_guest, create_player_token, get_player
from ninefold.systems.chess.store import challenges as store
from ninefold.systems.chess.store.games import game_find

OPEN_FOR: Final = timedelta(hours=24)
"""How long a challenge can be accepted."""

CHALLENGES_MAX: Final = 100
"""Challenges of one player that can be accepted at once."""

GUEST_TOKEN_FOR: Final = timedelta(days=30)


class Accepted(NamedTuple):
    """A challenge that has become a game."""

    challenge: Challenge
    game: Game


class Joined(NamedTuple):
    """A guest who has accepted an open challenge."""

    challenge: Challenge
    game: Game
    guest: Player
    token: CreatedCredential


async def create_challenge(
    connection: Connection, *, player: Player, to: Player | None, terms: Terms, now: datetime
) -> Challenge:
    """Challenge a player, or anybody who has the link.

    Args:
        connection: in a transaction.
        player: who challenges.
        to: who is challenged; None for an open challenge.
        terms: what game it is to be; the colour is that of `player`.
        now: the time.

    Raises:
        InvalidChallengeError: it is to the player itself, or the player has too many.
        InvalidGameError: there can't be such a game.
        InvalidFenError: the position isn't valid.
    """
    return await _create(connection, player=player, to=to, terms=terms, rematch_of=None, now=now)


async def offer_rematch(
    connection: Connection, *, player: Player, game: Game, now: datetime, running_max: int = RUNNING_MAX
) -> Challenge | Accepted:
    """Offer a rematch with the other colours; if the opponent has offered one already, or is the engine, it begins.

    Raises:
        InvalidChallengeError: the game hasn't ended, or the player hasn't played it.
    """
    colour = game.colour_of(player.player_id)
    if colour is None or game.status is not GameStatus.ENDED:
        raise InvalidChallengeError(
            "Only a player of a game that has ended can offer a rematch.",
            field="game_id",
            remedy="Wait for the end of the game.",
        )
    for challenge in await list_challenges(connection, player=player, now=now):
        if challenge.rematch_of == game.game_id:
            if challenge.from_player_id == player.player_id:
                return challenge
            return await accept_challenge(
                connection, player=player, challenge_id=challenge.challenge_id, now=now, running_max=running_max
            )
    opponent_id = game.player_id_of("black" if colour == "white" else "white")
    opponent = await get_player(connection, organisation_id=game.organisation_id, player_id=opponent_id)
    terms = Terms(
        time_control=game.time_control,
        is_rated=game.is_rated,
        colour="black" if colour == "white" else "white",
        initial_fen=None if game.initial_fen == START_FEN else game.initial_fen,
    )
    challenge = await _create(connection, player=player, to=opponent, terms=terms, rematch_of=game.game_id, now=now)
    if opponent.engine_level is None:
        return challenge
    return await accept_challenge(connection, player=opponent, challenge_id=challenge.challenge_id, now=now)


async def list_challenges(connection: Connection, *, player: Player, now: datetime) -> list[Challenge]:
    """Return the challenges of a player, in both directions, that can still be accepted; latest first."""
    return await store.challenge_list(connection, player_id=player.player_id, now=now, limit=CHALLENGES_MAX)


async def find_challenge_id(connection: Connection, *, organisation_id: UUID, short_id: str) -> UUID:
    """Return the id of a challenge by its short id.

    Raises:
        ChallengeNotFoundError: there is none.
    """
    found = await store.challenge_find_id(connection, organisation_id=organisation_id, short_id=short_id)
    if found is None:
        raise _not_found()
    return found


async def get_challenge(connection: Connection, *, challenge_id: UUID, organisation_id: UUID | None) -> Challenge:
    """Return a challenge; call it in a transaction.

    Raises:
        ChallengeNotFoundError: there is none.
    """
    found = await store.challenge_lock(connection, organisation_id=organisation_id, challenge_id=challenge_id)
    if found is None:
        raise _not_found()
    return found


async def get_open_challenge(connection: Connection, *, challenge_id: UUID) -> tuple[Challenge, Player]:
    """Return an open challenge to somebody who has its link, and who challenges; call it in a transaction.

    Raises:
        ChallengeNotFoundError: there is none, or it is to one player.
    """
    challenge = await get_challenge(connection, challenge_id=challenge_id, organisation_id=None)
    if not challenge.is_open:
        raise _not_found()
    proposer = await get_player(
        connection, organisation_id=challenge.organisation_id, player_id=challenge.from_player_id
    )
    return challenge, proposer


async def accept_challenge(
    connection: Connection, *, player: Player, challenge_id: UUID, now: datetime, running_max: int = RUNNING_MAX
) -> Accepted:
    """Accept a challenge: the game begins. Accepting it again returns the same game.

    Raises:
        ChallengeNotFoundError: there is none.
        NotYourChallengeError: it is the player's own, or to another one.
        ChallengeEndedError: it was declined, canceled, or accepted by another one, or its time is over.
    """
    challenge = await get_challenge(connection, challenge_id=challenge_id, organisation_id=player.organisation_id)
    _require_possible(challenge, player)
    if challenge.status == "accepted" and challenge.game_id is not None and challenge.to_player_id == player.player_id:
        game = await game_find(connection, organisation_id=player.organisation_id, game_id=challenge.game_id)
        if game is not None:
            return Accepted(challenge, game)
    _require_open(challenge, now)
    proposer = await get_player(
        connection, organisation_id=challenge.organisation_id, player_id=challenge.from_player_id
    )
    terms = challenge.terms
    colour = colour_of_proposer(terms.colour, coin=secrets.choice([True, False]))
    white, black = (proposer, player) if colour == "white" else (player, proposer)
    game = await start_game(
        connection,
        organisation_id=challenge.organisation_id,
        white=white,
        black=black,
        time_control=terms.time_control,
        is_rated=terms.is_rated,
        source=_source_of(challenge, player),
        now=now,
        initial_fen=terms.initial_fen or START_FEN,
        short_id=challenge.short_id,
        running_max=running_max,
    )
    ended = await store.challenge_end(
        connection,
        challenge_id=challenge_id,
        status="accepted",
        ended_at=now,
        to_player_id=player.player_id,
        game_id=game.game_id,
    )
    assert ended is not None, "the challenge is locked"
    await announce_challenge(connection, "challenge_accepted", ended)
    await wake_engine(connection, game)
    return Accepted(ended, game)


async def join_as_guest(
    connection: Connection, *, challenge_id: UUID, now: datetime, running_max: int = RUNNING_MAX
) -> Joined:
    """Accept an open challenge without an account: a guest is created, with a token that plays for it.

    Raises:
        ChallengeNotFoundError: there is no open challenge with this id.
        ChallengeEndedError: somebody was faster, it was canceled, or its time is over.
        InvalidChallengeError: it is rated.
    """
    challenge, _ = await get_open_challenge(connection, challenge_id=challenge_id)
    _require_open(challenge, now)
    if challenge.terms.is_rated:
        raise InvalidChallengeError("Guests can't play rated games.", remedy="Sign in, and accept it then.")
    guest = await create_guest(connection, organisation_id=challenge.organisation_id)
    token = await create_player_token(connection, guest, principal=None, name=guest.name, expires_in=GUEST_TOKEN_FOR)
    accepted = await accept_challenge(
        connection, player=guest, challenge_id=challenge_id, now=now, running_max=running_max
    )
    return Joined(accepted.challenge, accepted.game, guest, token)


async def decline_challenge(
    connection: Connection, *, player: Player, challenge_id: UUID, reason: str, now: datetime
) -> Challenge:
    """Decline a challenge; declining it again changes nothing.

    Raises:
        ChallengeNotFoundError: there is none.
        NotYourChallengeError: it isn't to this player.
        ChallengeEndedError: it was accepted or canceled.
    """
    challenge = await get_challenge(connection, challenge_id=challenge_id, organisation_id=player.organisation_id)
    if challenge.to_player_id != player.player_id:
        raise NotYourChallengeError("Only the player who is challenged can decline it.", remedy="Cancel it instead.")
    if challenge.status == "declined":
        return challenge
    _require_open(challenge, now)
    return await _end(connection, challenge, "declined", reason=reason, now=now)


async def cancel_challenge(connection: Connection, *, player: Player, challenge_id: UUID, now: datetime) -> Challenge:
    """Cancel a challenge of one's own; canceling it again changes nothing.

    Raises:
        ChallengeNotFoundError: there is none.
        NotYourChallengeError: it is another player's.
        ChallengeEndedError: it was accepted or declined.
    """
    challenge = await get_challenge(connection, challenge_id=challenge_id, organisation_id=player.organisation_id)
    if challenge.from_player_id != player.player_id:
        raise NotYourChallengeError("Only the player who challenged can cancel it.", remedy="Decline it instead.")
    if challenge.status == "canceled":
        return challenge
    _require_open(challenge, now)
    return await _end(connection, challenge, "canceled", reason=None, now=now)


async def _create(
    connection: Connection, *, player: Player, to: Player | None, terms: Terms, rematch_of: UUID | None, now: datetime
) -> Challenge:
    if to is not None and to.player_id == player.player_id:
        raise InvalidChallengeError(
            "A player can't challenge itself.", field="to_player_id", remedy="Choose another player."
        )
    if to is not None and to.engine_level is not None and rematch_of is None:
        raise InvalidChallengeError(
            "The engine isn't challenged: a game against it begins at once.",
            field="to_player_id",
            remedy="Start it with `POST /api/v1/chess/games/ai`, in Lichess's API with `POST /api/challenge/ai`.",
        )
    check_time_control(terms.time_control)
    players = (player,) if to is None else (player, to)
    check_rated(terms.is_rated, players, terms.time_control, Position.parse(terms.initial_fen or START_FEN))
    if len(await list_challenges(connection, player=player, now=now)) >= CHALLENGES_MAX:
        raise InvalidChallengeError(
            f"{player.name} has {CHALLENGES_MAX} challenges that nobody has answered.", remedy="Cancel some of them."
        )
    challenge = await store.challenge_insert(
        connection,
        challenge_id=new_id(),
        short_id=random_text(SHORT_ID_LENGTH),
        organisation_id=player.organisation_id,
        from_player_id=player.player_id,
        to_player_id=None if to is None else to.player_id,
        terms=terms,
        rematch_of=rematch_of,
        created_at=now,
        expires_at=now + OPEN_FOR,
    )
    await announce_challenge(connection, "challenge_created", challenge)
    return challenge


async def _end(
    connection: Connection,
    challenge: Challenge,
    status: Literal["declined", "canceled"],
    *,
    reason: str | None,
    now: datetime,
) -> Challenge:
    ended = await store.challenge_end(
        connection,
        challenge_id=challenge.challenge_id,
        status=status,
        ended_at=now,
        decline_reason=reason,
    )
    assert ended is not None, "the challenge is locked"
    await announce_challenge(connection, "challenge_declined" if status == "declined" else "challenge_canceled", ended)
    return ended


def _source_of(challenge: Challenge, player: Player) -> str:
    if player.engine_level is not None:
        return ENGINE_SOURCE
    return "challenge" if challenge.rematch_of is None else "rematch"


def _require_possible(challenge: Challenge, player: Player) -> None:
    if challenge.from_player_id == player.player_id:
        raise NotYourChallengeError("A player can't accept its own challenge.", remedy="Wait for the opponent.")
    if not challenge.is_open and challenge.to_player_id != player.player_id:
        raise NotYourChallengeError("The challenge is to another player.", remedy="Challenge the player yourself.")


def _require_open(challenge: Challenge, now: datetime) -> None:
    if challenge.status != "created":
        raise ChallengeEndedError(f"The challenge was {challenge.status} already.", remedy="Create another one.")
    if challenge.expires_at <= now:
        raise ChallengeEndedError("The challenge's time is over.", remedy="Create another one.")


def _not_found() -> ChallengeNotFoundError:
    return ChallengeNotFoundError("There is no such challenge.", remedy="List your challenges to see their ids.")
