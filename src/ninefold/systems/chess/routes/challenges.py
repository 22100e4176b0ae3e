"""The HTTP routes for challenges."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.access import Caller, access
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.ids import parse_body_id
from ninefold.core.web.problems import problem_responses
from ninefold.systems.chess.model import GAME_PREFIX, PLAY, PLAYER_PREFIX, Challenge, Player
from ninefold.systems.chess.routes.meeting_wire import (
    AcceptedView,
    ActFor,
    ChallengeId,
    ChallengeList,
    ChallengeView,
    CreateChallenge,
    DeclineChallenge,
    JoinedView,
    PublicChallengeView,
    read_terms,
    show_challenge,
    show_joined,
    show_public_challenge,
)
from ninefold.systems.chess.routes.player_wire import PlayerId
from ninefold.systems.chess.service import challenges as service
from ninefold.systems.chess.service.channels import notify_game
from ninefold.systems.chess.service.games import find_game
from ninefold.systems.chess.service.meetings import notify_challenge
from ninefold.systems.chess.service.players import get_acting_player, get_player
from ninefold.systems.chess.settings import ChessSettings

_CHALLENGES: Final = "/api/v1/chess/challenges"
_CHALLENGE: Final = f"{_CHALLENGES}/{{challenge_id:str}}"
_TAGS: Final = ["chess"]
_PLAYS: Final = access(also_scope=PLAY, not_audited="Players challenge each other, at the rate of games.")
_READS: Final = access(also_scope=PLAY)


@post(_CHALLENGES, tags=_TAGS, status_code=201, opt=_PLAYS, responses=problem_responses(404))
async def create_challenge(
    *,
    data: FromBody[CreateChallenge],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> ChallengeView:
    """Challenge a player.

    Or, without `to_player_id`, anybody who has the link, also without an account. It can be accepted for 24 hours.
    """
    async with database.transaction() as connection:
        player = await _acting(connection, principal, data.player_id)
        to = None
        if data.to_player_id is not None:
            to = await get_player(
                connection,
                organisation_id=principal.organisation_id,
                player_id=parse_body_id(PLAYER_PREFIX, data.to_player_id, field="to_player_id"),
            )
        challenge = await service.create_challenge(
            connection, player=player, to=to, terms=read_terms(data), now=datetime.now(UTC)
        )
        players = await _players_of(connection, [challenge])
    notify_challenge(notifier, challenge)
    return show_challenge(challenge, players)


@get(_CHALLENGES, tags=_TAGS, opt=_READS, responses=problem_responses(404))
async def list_challenges(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    player_id: FromQuery[PlayerId | None] = None,
) -> ChallengeList:
    """List challenges.

    Those from you and to you that can still be accepted, latest first, at most 100. An API key names the player.
    """
    async with database.transaction() as connection:
        player = await get_acting_player(connection, principal, player_id=player_id)
        found = await service.list_challenges(connection, player=player, now=datetime.now(UTC))
        players = await _players_of(connection, found)
    return ChallengeList(items=[show_challenge(each, players) for each in found])


@get(_CHALLENGE, tags=_TAGS, opt=_READS)
async def get_challenge(
    challenge_id: FromPath[ChallengeId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> ChallengeView:
    """Show a challenge.

    Also one that has been answered: it says with which game, or why not.
    """
    async with database.transaction() as connection:
        challenge = await service.get_challenge(
            connection, challenge_id=challenge_id, organisation_id=principal.organisation_id
        )
        players = await _players_of(connection, [challenge])
    return show_challenge(challenge, players)


@post(f"{_CHALLENGE}/accept", tags=_TAGS, status_code=200, opt=_PLAYS, responses=problem_responses(409))
async def accept_challenge(
    *,
    challenge_id: FromPath[ChallengeId],
    data: FromBody[ActFor],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    chess_settings: NamedDependency[ChessSettings],
) -> AcceptedView:
    """Accept a challenge.

    The game begins. Accepting it again returns the same game.
    """
    async with database.transaction() as connection:
        player = await _answering(connection, principal, data.player_id, challenge_id=challenge_id)
        accepted = await service.accept_challenge(
            connection,
            player=player,
            challenge_id=challenge_id,
            now=datetime.now(UTC),
            running_max=chess_settings.running_max,
        )
    notify_challenge(notifier, accepted.challenge)
    notify_game(notifier, accepted.game)
    return AcceptedView(game_id=format_id(GAME_PREFIX, accepted.game.game_id), short_id=accepted.game.short_id)


@post(f"{_CHALLENGE}/decline", tags=_TAGS, status_code=200, opt=_PLAYS, responses=problem_responses(409))
async def decline_challenge(
    *,
    challenge_id: FromPath[ChallengeId],
    data: FromBody[DeclineChallenge],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> ChallengeView:
    """Decline a challenge.

    The player who challenged sees the reason.
    """
    async with database.transaction() as connection:
        player = await _answering(connection, principal, data.player_id, challenge_id=challenge_id)
        challenge = await service.decline_challenge(
            connection, player=player, challenge_id=challenge_id, reason=data.reason, now=datetime.now(UTC)
        )
        players = await _players_of(connection, [challenge])
    notify_challenge(notifier, challenge)
    return show_challenge(challenge, players)


@post(f"{_CHALLENGE}/cancel", tags=_TAGS, status_code=200, opt=_PLAYS, responses=problem_responses(409))
async def cancel_challenge(
    *,
    challenge_id: FromPath[ChallengeId],
    data: FromBody[ActFor],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> ChallengeView:
    """Cancel a challenge.

    Only your own.
    """
    async with database.transaction() as connection:
        player = await _answering(connection, principal, data.player_id, challenge_id=challenge_id)
        challenge = await service.cancel_challenge(
            connection, player=player, challenge_id=challenge_id, now=datetime.now(UTC)
        )
        players = await _players_of(connection, [challenge])
    notify_challenge(notifier, challenge)
    return show_challenge(challenge, players)


@get(f"{_CHALLENGE}/public", tags=_TAGS, opt=access(caller=Caller.ANYONE))
async def get_public_challenge(
    challenge_id: FromPath[ChallengeId], database: NamedDependency[Database]
) -> PublicChallengeView:
    """Show an open challenge.

    To anybody who has its link, without credentials.
    """
    async with database.transaction() as connection:
        challenge, proposer = await service.get_open_challenge(connection, challenge_id=challenge_id)
    return show_public_challenge(challenge, proposer)


@post(
    f"{_CHALLENGE}/join",
    tags=_TAGS,
    status_code=200,
    opt=access(caller=Caller.ANYONE, not_audited="Guests have no account that the log could name."),
    responses=problem_responses(409),
)
async def join_challenge(
    *,
    challenge_id: FromPath[ChallengeId],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    chess_settings: NamedDependency[ChessSettings],
) -> JoinedView:
    """Accept an open challenge without an account.

    Who has the link becomes a guest, and gets a token that plays for it. The game begins.
    """
    async with database.transaction() as connection:
        joined = await service.join_as_guest(
            connection, challenge_id=challenge_id, now=datetime.now(UTC), running_max=chess_settings.running_max
        )
    notify_challenge(notifier, joined.challenge)
    notify_game(notifier, joined.game)
    return show_joined(joined)


@post("/api/v1/chess/games/{game_id:str}/rematch", tags=_TAGS, status_code=200, opt=_PLAYS)
async def offer_rematch(
    *,
    game_id: FromPath[str],
    data: FromBody[ActFor],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    chess_settings: NamedDependency[ChessSettings],
) -> ChallengeView:
    """Offer a rematch.

    With the other colours. If the opponent has offered one already, the game begins: the challenge is then `accepted`.
    """
    async with database.transaction() as connection:
        game = await find_game(connection, organisation_id=principal.organisation_id, reference=game_id)
        player = await _acting(connection, principal, data.player_id)
        offered = await service.offer_rematch(
            connection, player=player, game=game, now=datetime.now(UTC), running_max=chess_settings.running_max
        )
        challenge = offered if isinstance(offered, Challenge) else offered.challenge
        players = await _players_of(connection, [challenge])
    notify_challenge(notifier, challenge)
    if not isinstance(offered, Challenge):
        notify_game(notifier, offered.game)
    return show_challenge(challenge, players)


CHALLENGE_ROUTES: Final[list[HTTPRouteHandler]] = [
    create_challenge,
    list_challenges,
    get_challenge,
    accept_challenge,
    decline_challenge,
    cancel_challenge,
    get_public_challenge,
    join_challenge,
    offer_rematch,
]


async def _acting(connection: Connection, principal: Principal, player_id: str | None) -> Player:
    return await get_acting_player(
        connection,
        principal,
        player_id=None if player_id is None else parse_body_id(PLAYER_PREFIX, player_id, field="player_id"),
    )


async def _answering(
    connection: Connection, principal: Principal, player_id: str | None, *, challenge_id: UUID
) -> Player:
    """Return who answers a challenge; one that doesn't exist is the first thing to complain about."""
    await service.get_challenge(connection, organisation_id=principal.organisation_id, challenge_id=challenge_id)
    return await _acting(connection, principal, player_id)


async def _players_of(connection: Connection, challenges: Iterable[Challenge]) -> dict[UUID, Player]:
    found: dict[UUID, Player] = {}
    for challenge in challenges:
        for player_id in (challenge.from_player_id, challenge.to_player_id):
            if player_id is not None and player_id not in found:
                found[player_id] = await get_player(
                    connection, organisation_id=challenge.organisation_id, player_id=player_id
                )
    return found
