"""The chat of a game: one room for its players, and one for those who watch."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from ninefold.core.postgres.database import Connection
from ninefold.systems.chess.errors import ChatLimitError, NotAPlayerError
from ninefold.systems.chess.model import ChatLine, Game, Player, Room
from ninefold.systems.chess.store import chat as store

TEXT_LENGTH_MAX: Final = 140
LINES_MAX: Final = 1_000
"""Of one room."""

RATE_WINDOW: Final = timedelta(seconds=30)
LINES_PER_WINDOW_MAX: Final = 10


async def write_line(
    connection: Connection,
    *,
    game: Game,
    player: Player,
    room: Room,
    text: str,
    now: datetime,
    has_both_rooms: bool = False,
) -> ChatLine:
    """Write a line; call `notify_chat` after the commit.

    Args:
        connection: in a transaction.
        game: whose chat it is.
        player: who writes.
        room: `player` only for those who play the game, `spectator` only for others while it runs.
        text: 1 to `TEXT_LENGTH_MAX` characters.
        now: the time.
        has_both_rooms: whether those who play the game can also write to the spectators, as bots of Lichess do.

    Raises:
        NotAPlayerError: the room isn't the player's.
        ChatLimitError: the player has written too much, or the room is full.
    """
    if not (has_both_rooms and game.colour_of(player.player_id) is not None):
        check_room(game, player, room)
    sequence = await store.chat_append(connection, game_id=game.game_id, room=room)
    recent = await store.chat_line_count_recent(
        connection, game_id=game.game_id, player_id=player.player_id, since=now - RATE_WINDOW
    )
    if recent >= LINES_PER_WINDOW_MAX:
        raise ChatLimitError(
            f"You have written {recent} lines in {RATE_WINDOW.seconds} s.",
            retry_after_s=RATE_WINDOW.seconds,
            remedy="Wait a little.",
        )
    if sequence > LINES_MAX:
        raise ChatLimitError(f"The room has {LINES_MAX} lines and takes no more.", retry_after_s=RATE_WINDOW.seconds)
    line = ChatLine(
        game_id=game.game_id,
        room=room,
        sequence=sequence,
        player_id=player.player_id,
        name=player.name,
        text=text,
        at=now,
    )
    await store.chat_line_insert(connection, line)
    return line


async def list_lines(connection: Connection, game: Game, *, room: Room, after: int, limit: int) -> Sequence[ChatLine]:
    """Return the lines of a room after a number."""
    found = await store.chat_line_list(connection, room=room, cursors=[(game.game_id, after)], limit=limit)
    return found.get(game.game_id, [])


def check_room(game: Game, player: Player | None, room: Room) -> None:
    """Check that somebody may use a room; None is a program of the organisation, which may read both.

    Raises:
        NotAPlayerError: the room isn't the player's.
    """
    if player is None:
        return
    is_player = game.colour_of(player.player_id) is not None
    if is_player != (room == "player"):
        own = "player" if is_player else "spectator"
        raise NotAPlayerError(f"Your room of this game is `{own}`.", field="room", remedy=f"Use the room `{own}`.")
