"""`/api/challenge…`: challenges."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Final

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ASGIApp, ControllerRouterHandler

from ninefold.core.errors import NinefoldError
from ninefold.core.live import Follower, Hub
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import RawRequest
from ninefold.systems.chess.errors import ChallengeEndedError, ChallengeNotFoundError, NotYourChallengeError
from ninefold.systems.chess.lichess.acting import Acting
from ninefold.systems.chess.lichess.bodies import read_fields
from ninefold.systems.chess.lichess.callers import find_caller
from ninefold.systems.chess.lichess.errors import NotYourGameError
from ninefold.systems.chess.lichess.lines import line
from ninefold.systems.chess.lichess.objects.challenges import DECLINE_REASONS, ShownChallenge, show_challenge
from ninefold.systems.chess.lichess.presence import StreamPresence
from ninefold.systems.chess.lichess.reading import find_own_challenge, find_user, read_challenge_seats
from ninefold.systems.chess.lichess.requests import (
    ChallengeRequest,
    DeclineRequest,
    OpenChallengeRequest,
)
from ninefold.systems.chess.lichess.routes.account import Ok, site_url
from ninefold.systems.chess.lichess.streaming import LineStream
from ninefold.systems.chess.model import Challenge, ChallengeStatus, Player
from ninefold.systems.chess.service import challenges as service
from ninefold.systems.chess.service.channels import notify_game, player_channel
from ninefold.systems.chess.service.meetings import notify_challenge
from ninefold.systems.chess.settings import ChessSettings

_PATH: Final = "/api/challenge"

_NOT_THERE: Final = (ChallengeNotFoundError, NotYourChallengeError, ChallengeEndedError)
"""What Lichess answers as if there were no such challenge."""


class ChallengeLists(msgspec.Struct, frozen=True):
    """The caller's challenges."""

    incoming: list[ShownChallenge] = msgspec.field(name="in")
    out: list[ShownChallenge]


class Done(msgspec.Struct, frozen=True):
    """How a challenge has ended that was kept alive."""

    done: str


def challenge_routes(
    database: Database, notifier: Notifier, hub: Hub, settings: ChessSettings
) -> list[ControllerRouterHandler]:
    """Return the routes of challenges."""
    return [*_making_routes(database, notifier, hub), *_answering_routes(database, notifier, settings)]


def _making_routes(database: Database, notifier: Notifier, hub: Hub) -> list[ControllerRouterHandler]:
    @get(_PATH)
    async def list_challenges(request: RawRequest, principal: NamedDependency[Principal]) -> ChallengeLists:
        """Show the caller's challenges that can be accepted."""
        async with database.transaction() as connection:
            player = await find_caller(connection, principal)
            found = await service.list_challenges(connection, player=player, now=datetime.now(UTC))
            shown = [await _show(connection, each, player, site_url(request)) for each in found]
        return ChallengeLists(
            [each for each in shown if each.direction == "in"], [each for each in shown if each.direction == "out"]
        )

    @post(f"{_PATH}/{{username:str}}", status_code=200)
    async def create_challenge(
        request: RawRequest, username: FromPath[str], principal: NamedDependency[Principal]
    ) -> ASGIApp:
        """Challenge a user."""
        new = await read_fields(request, ChallengeRequest)
        async with database.transaction() as connection:
            player = await find_caller(connection, principal)
            opponent = await find_user(connection, principal, username)
            challenge = await service.create_challenge(
                connection, player=player, to=opponent, terms=new.terms, now=datetime.now(UTC)
            )
            shown = await _show(connection, challenge, player, site_url(request))
        notify_challenge(notifier, challenge)
        if new.keep_alive_stream:
            lines = _until_end(database, notifier, hub, challenge=challenge, player=player, shown=shown)
            presence = StreamPresence(database, notifier, player)
            return LineStream(hub, lines, principal=principal, presence=presence)
        return _json(shown).to_asgi_response(app=None, request=request)

    @post(f"{_PATH}/open", status_code=200)
    async def create_open_challenge(request: RawRequest, principal: NamedDependency[Principal]) -> Response[bytes]:
        """Create a challenge for anybody who has the link."""
        new = await read_fields(request, OpenChallengeRequest)
        async with database.transaction() as connection:
            player = await find_caller(connection, principal)
            challenge = await service.create_challenge(
                connection, player=player, to=None, terms=new.terms, now=datetime.now(UTC)
            )
            shown = await _show(connection, challenge, None, site_url(request))
        notify_challenge(notifier, challenge)
        return _json(shown)

    @get(f"{_PATH}/{{challenge_id:str}}/show")
    async def get_challenge(
        request: RawRequest, challenge_id: FromPath[str], principal: NamedDependency[Principal]
    ) -> Response[bytes]:
        """Show a challenge, also one that has ended."""
        async with database.transaction() as connection:
            player = await find_caller(connection, principal)
            challenge = await find_own_challenge(connection, player, challenge_id)
            return _json(await _show(connection, challenge, player, site_url(request)))

    return [list_challenges, create_challenge, create_open_challenge, get_challenge]


def _answering_routes(database: Database, notifier: Notifier, settings: ChessSettings) -> list[ControllerRouterHandler]:
    acting = Acting(database, notifier, lambda _: None)

    @post(f"{_PATH}/{{challenge_id:str}}/accept", status_code=200)
    async def accept_challenge(challenge_id: FromPath[str], principal: NamedDependency[Principal]) -> Ok:
        """Accept a challenge, which begins the game."""
        async with database.transaction() as connection:
            player = await find_caller(connection, principal)
            try:
                challenge = await find_own_challenge(connection, player, challenge_id)
                accepted = await service.accept_challenge(
                    connection,
                    player=player,
                    challenge_id=challenge.challenge_id,
                    now=datetime.now(UTC),
                    running_max=settings.running_max,
                )
            except _NOT_THERE as error:
                raise _not_there(error) from error
        notify_challenge(notifier, accepted.challenge)
        notify_game(notifier, accepted.game)
        return Ok()

    @post(f"{_PATH}/{{challenge_id:str}}/decline", status_code=200)
    async def decline_challenge(
        request: RawRequest, challenge_id: FromPath[str], principal: NamedDependency[Principal]
    ) -> Ok:
        """Decline a challenge."""
        reason = (await read_fields(request, DeclineRequest)).reason
        async with database.transaction() as connection:
            player = await find_caller(connection, principal)
            try:
                challenge = await find_own_challenge(connection, player, challenge_id)
                declined = await service.decline_challenge(
                    connection,
                    player=player,
                    challenge_id=challenge.challenge_id,
                    reason=reason if reason in DECLINE_REASONS else "generic",
                    now=datetime.now(UTC),
                )
            except _NOT_THERE as error:
                raise _not_there(error) from error
        notify_challenge(notifier, declined)
        return Ok()

    @post(f"{_PATH}/{{challenge_id:str}}/cancel", status_code=200)
    async def cancel_challenge(challenge_id: FromPath[str], principal: NamedDependency[Principal]) -> Ok:
        """Withdraw a challenge, or abort the game that has come of it."""
        try:
            await _cancel(database, notifier, principal, challenge_id)
        except _NOT_THERE as error:
            try:
                await acting.act(principal, challenge_id, "abort")
            except NotYourGameError:
                raise _not_there(error) from error
        return Ok()

    return [accept_challenge, decline_challenge, cancel_challenge]


async def _cancel(database: Database, notifier: Notifier, principal: Principal, short_id: str) -> None:
    async with database.transaction() as connection:
        player = await find_caller(connection, principal)
        challenge = await find_own_challenge(connection, player, short_id)
        canceled = await service.cancel_challenge(
            connection, player=player, challenge_id=challenge.challenge_id, now=datetime.now(UTC)
        )
    notify_challenge(notifier, canceled)


async def _until_end(
    database: Database, notifier: Notifier, hub: Hub, *, challenge: Challenge, player: Player, shown: ShownChallenge
) -> AsyncGenerator[bytes, None]:
    """Yield a challenge, and then how it has ended; if the client goes before, it is withdrawn."""
    status = challenge.status
    try:
        async with Follower(hub) as follower:
            await follower.open(player_channel(player.player_id))
            yield line(shown)
            while (status := await _status_of(database, challenge)) == "created":
                await follower.next()
        yield line(Done(status))
    finally:
        if status == "created":
            await _withdraw(database, notifier, challenge, player)


async def _status_of(database: Database, challenge: Challenge) -> ChallengeStatus:
    async with database.transaction() as connection:
        found = await service.get_challenge(
            connection, challenge_id=challenge.challenge_id, organisation_id=challenge.organisation_id
        )
    return found.status


async def _withdraw(database: Database, notifier: Notifier, challenge: Challenge, player: Player) -> None:
    try:
        async with database.transaction() as connection:
            canceled = await service.cancel_challenge(
                connection, player=player, challenge_id=challenge.challenge_id, now=datetime.now(UTC)
            )
    except ChallengeEndedError:
        return
    notify_challenge(notifier, canceled)


async def _show(connection: Connection, challenge: Challenge, viewer: Player | None, url: str) -> ShownChallenge:
    challenger, opponent = await read_challenge_seats(connection, challenge)
    return show_challenge(challenge, challenger, opponent, site_url=url, viewer=viewer)


def _json(shown: ShownChallenge) -> Response[bytes]:
    return Response(msgspec.json.encode(shown), media_type="application/json")


def _not_there(error: NinefoldError) -> ChallengeNotFoundError:
    return ChallengeNotFoundError(error.detail)
