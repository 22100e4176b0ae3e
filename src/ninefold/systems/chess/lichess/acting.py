"""What the callers of Lichess's API do in their games."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.systems.chess.lichess.callers import find_caller
from ninefold.systems.chess.lichess.errors import RejectedError
from ninefold.systems.chess.lichess.reading import find_own_game
from ninefold.systems.chess.model import ActionKind, Answer, ChatLine, Game, NewAction, NewMove, Player, Room
from ninefold.systems.chess.service.channels import notify_chat
from ninefold.systems.chess.service.chat import list_lines, write_line
from ninefold.systems.chess.service.playing import submit_action, submit_move

LINES_MAX: Final = 500
"""Of a chat that are shown at once."""

_HARMLESS: Final = frozenset({"no_offer", "already_offered"})
"""Rejections of an answer to an offer that Lichess takes as done."""

_OVER: Final = frozenset({"game_ended", "not_your_turn", "flag"})


class Acting:
    """Plays for callers.

    Args:
        database: where games are.
        notifier: wakes those who follow them.
        require: checks that the caller may use this part of the API.
    """

    def __init__(self, database: Database, notifier: Notifier, require: Callable[[Player], None]) -> None:
        self._database: Final = database
        self._notifier: Final = notifier
        self._require: Final = require

    async def move(
        self, principal: Principal, game_id: str, uci: str, *, is_draw_offered: bool, received_at: datetime
    ) -> None:
        """Make a move.

        Raises:
            NotYourGameError: the caller doesn't play such a game.
            RejectedError: the move doesn't count.
        """
        player, game = await self._find(principal, game_id)
        answer = await submit_move(
            self._database,
            self._notifier,
            organisation_id=player.organisation_id,
            game_id=game.game_id,
            player_id=player.player_id,
            move=NewMove(ply=None, uci=uci, client_action_id=None, is_draw_offered=is_draw_offered),
            received_at=received_at,
        )
        if answer.result == "rejected":
            raise _rejected_move(answer)

    async def act(self, principal: Principal, game_id: str, kind: ActionKind) -> None:
        """Do something besides moving.

        Raises:
            NotYourGameError: the caller doesn't play such a game.
            RejectedError: it doesn't count.
        """
        answer = await self._act(principal, game_id, kind)
        if answer.result == "rejected":
            raise RejectedError(answer.detail or "This doesn't count.")

    async def answer(self, principal: Principal, game_id: str, kind: ActionKind) -> None:
        """Offer, accept or decline a draw or a takeback.

        Raises:
            NotYourGameError: the caller doesn't play such a game.
            RejectedError: it doesn't count.
        """
        answer = await self._act(principal, game_id, kind)
        if answer.result == "rejected" and answer.reason not in _HARMLESS:
            raise RejectedError(answer.detail or "This doesn't count.")

    async def write(self, principal: Principal, game_id: str, *, room: Room, text: str) -> None:
        """Write a line in the chat.

        Raises:
            NotYourGameError: the caller doesn't play such a game.
            ChatLimitError: the caller has written too much.
        """
        player, game = await self._find(principal, game_id)
        async with self._database.transaction() as connection:
            await write_line(
                connection,
                game=game,
                player=player,
                room=room,
                text=text,
                now=datetime.now(UTC),
                has_both_rooms=True,
            )
        notify_chat(self._notifier, game.game_id, room)

    async def list_chat(self, principal: Principal, game_id: str) -> Sequence[ChatLine]:
        """Return what the players have written to each other.

        Raises:
            NotYourGameError: the caller doesn't play such a game.
        """
        _, game = await self._find(principal, game_id)
        async with self._database.connection() as connection:
            return await list_lines(connection, game, room="player", after=0, limit=LINES_MAX)

    async def _act(self, principal: Principal, game_id: str, kind: ActionKind) -> Answer:
        received_at = datetime.now(UTC)
        player, game = await self._find(principal, game_id)
        return await submit_action(
            self._database,
            self._notifier,
            organisation_id=player.organisation_id,
            game_id=game.game_id,
            player_id=player.player_id,
            action=NewAction(kind=kind, client_action_id=None),
            received_at=received_at,
        )

    async def _find(self, principal: Principal, game_id: str) -> tuple[Player, Game]:
        async with self._database.connection() as connection:
            player = await find_caller(connection, principal)
            self._require(player)
            game, _ = await find_own_game(connection, player, game_id)
        return player, game


def _rejected_move(answer: Answer) -> RejectedError:
    if answer.reason in _OVER:
        return RejectedError("Not your turn, or game already over")
    return RejectedError(answer.detail or "This move doesn't count.")
