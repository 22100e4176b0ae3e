"""`/api/board/game/…` and `/api/bot/game/…`: the same for people and for bots."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Final, TypeAlias

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ASGIApp, ControllerRouterHandler

from ninefold.core.live import Hub
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import RawRequest
from ninefold.systems.chess.lichess.acting import Acting
from ninefold.systems.chess.lichess.bodies import read_fields, read_query
from ninefold.systems.chess.lichess.callers import find_caller, require_bot, require_person
from ninefold.systems.chess.lichess.lines import game_lines
from ninefold.systems.chess.lichess.presence import StreamPresence
from ninefold.systems.chess.lichess.reading import find_own_game
from ninefold.systems.chess.lichess.routes.account import Ok
from ninefold.systems.chess.lichess.streaming import LineStream
from ninefold.systems.chess.model import ActionKind, Player, Room
from ninefold.systems.chess.service.chat import TEXT_LENGTH_MAX

_YES: Final = frozenset({"yes", "true", "1"})

Require: TypeAlias = Callable[[Player], None]


class NewLine(msgspec.Struct, frozen=True):
    """A line for the chat."""

    text: Annotated[str, msgspec.Meta(max_length=TEXT_LENGTH_MAX, pattern=r"\S")]
    room: Room = "player"


class WrittenLine(msgspec.Struct, frozen=True):
    """A line of the chat."""

    text: str
    user: str


class MoveQuery(msgspec.Struct, frozen=True, rename="camel"):
    """What comes with a move."""

    offering_draw: bool = False


def play_routes(database: Database, notifier: Notifier, hub: Hub) -> list[ControllerRouterHandler]:
    """Return the routes of games that are being played."""
    return [
        *_routes_of("/api/board/game", require_person, database, notifier, hub),
        *_routes_of("/api/bot/game", require_bot, database, notifier, hub),
    ]


def _routes_of(
    path: str, require: Require, database: Database, notifier: Notifier, hub: Hub
) -> list[ControllerRouterHandler]:
    acting = Acting(database, notifier, require)
    game = f"{path}/{{game_id:str}}"

    @get(f"{path}/stream/{{game_id:str}}")
    async def stream_game(game_id: FromPath[str], principal: NamedDependency[Principal]) -> ASGIApp:
        """Stream a game of the caller."""
        async with database.transaction() as connection:
            player = await find_caller(connection, principal)
            require(player)
            found, colour = await find_own_game(connection, player, game_id)
        lines = game_lines(database, hub, organisation_id=player.organisation_id, game_id=found.game_id, colour=colour)
        presence = StreamPresence(database, notifier, player, game_id=found.game_id)
        return LineStream(hub, lines, principal=principal, presence=presence)

    @post(f"{game}/move/{{move:str}}", status_code=200)
    async def make_move(
        request: RawRequest, game_id: FromPath[str], move: FromPath[str], principal: NamedDependency[Principal]
    ) -> Ok:
        """Make a move."""
        received_at = datetime.now(UTC)
        query = read_query(request, MoveQuery)
        await acting.move(principal, game_id, move, is_draw_offered=query.offering_draw, received_at=received_at)
        return Ok()

    @post([f"{game}/draw/{{answer:str}}"], status_code=200)
    async def answer_draw(game_id: FromPath[str], answer: FromPath[str], principal: NamedDependency[Principal]) -> Ok:
        """Offer, accept or decline a draw."""
        await acting.answer(principal, game_id, "offer_draw" if answer.lower() in _YES else "decline_draw")
        return Ok()

    @post(f"{game}/takeback/{{answer:str}}", status_code=200)
    async def answer_takeback(
        game_id: FromPath[str], answer: FromPath[str], principal: NamedDependency[Principal]
    ) -> Ok:
        """Offer, accept or decline a takeback."""
        await acting.answer(principal, game_id, "offer_takeback" if answer.lower() in _YES else "decline_takeback")
        return Ok()

    @get(f"{game}/chat")
    async def list_chat(game_id: FromPath[str], principal: NamedDependency[Principal]) -> list[WrittenLine]:
        """Show what the players have written to each other."""
        return [WrittenLine(text=each.text, user=each.name) for each in await acting.list_chat(principal, game_id)]

    @post(f"{game}/chat", status_code=200)
    async def write_chat(request: RawRequest, game_id: FromPath[str], principal: NamedDependency[Principal]) -> Ok:
        """Write a line."""
        new = await read_fields(request, NewLine)
        await acting.write(principal, game_id, room=new.room, text=new.text)
        return Ok()

    return [
        stream_game,
        list_chat,
        write_chat,
        make_move,
        answer_draw,
        answer_takeback,
        *[_action_route(f"{game}/{name}", action, acting) for name, action in _ACTIONS.items()],
    ]


_ACTIONS: Final[dict[str, ActionKind]] = {
    "abort": "abort",
    "resign": "resign",
    "claim-victory": "claim_victory",
    "claim-draw": "claim_draw_gone",
}


def _action_route(path: str, action: ActionKind, acting: Acting) -> ControllerRouterHandler:
    @post(path, status_code=200)
    async def act(game_id: FromPath[str], principal: NamedDependency[Principal]) -> Ok:
        """Do it."""
        await acting.act(principal, game_id, action)
        return Ok()

    return act
