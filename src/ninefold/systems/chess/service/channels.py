"""The names of chess's live channels, and what is announced in them."""

from collections.abc import Collection
from typing import Final, Literal
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.jobs import JOBS_CHANNEL
from ninefold.core.live import LIVE_CHANNEL
from ninefold.core.live.watched_log import append_watched, list_watched
from ninefold.core.postgres.database import Connection
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.chess.model import ENGINE_SOURCE, GAME_PREFIX, PLAYER_PREFIX, Game, GameStatus, Room

GAME_PATTERN: Final = "chess.game:{game_id}"
CHAT_PATTERN: Final = "chess.chat:{game_id}"
PLAYER_CHAT_PATTERN: Final = "chess.player_chat:{game_id}"
PLAYER_PATTERN: Final = "chess.player:{player_id}"
LOBBY_PATTERN: Final = "chess.lobby:{organisation_id}"


def player_channel(player_id: UUID) -> str:
    """Return the channel of a player's challenges and games."""
    return f"chess.player:{format_id(PLAYER_PREFIX, player_id)}"


def game_channel(game_id: UUID) -> str:
    """Return the channel of a game's log."""
    return f"chess.game:{format_id(GAME_PREFIX, game_id)}"


def chat_channel(game_id: UUID, room: Room) -> str:
    """Return the channel of a room of a game's chat."""
    name = "player_chat" if room == "player" else "chat"
    return f"chess.{name}:{format_id(GAME_PREFIX, game_id)}"


async def announce_game(connection: Connection, change: Literal["game_started", "game_ended"], game: Game) -> None:
    """Append the start or the end of a game to the channels of its players, for those who watch.

    Call it in the transaction of the change, and `notify_game` after the commit.
    """
    entry = msgspec.json.encode(
        {"type": change, "game_id": format_id(GAME_PREFIX, game.game_id), "short_id": game.short_id}
    )
    channels = [player_channel(game.white_player_id), player_channel(game.black_player_id)]
    # Who begins to watch waits for this transaction.
    await list_watched(connection, prefix=channels[0])
    await append_watched(connection, [(channel, entry) for channel in channels])


def notify_game(notifier: Notifier, game: Game) -> None:
    """Wake those who follow a game, its players if it has begun or ended, and the engine if it plays.

    Call it after the commit.
    """
    channels = [game_channel(game.game_id)]
    if game.last_sequence == 1 or game.status is GameStatus.ENDED:
        # Only then does `announce_game` write to these: a move needn't have them read.
        channels += [player_channel(game.white_player_id), player_channel(game.black_player_id)]
    notifier.notify(LIVE_CHANNEL, *channels)
    if game.source == ENGINE_SOURCE:
        notifier.notify(JOBS_CHANNEL)


def notify_logs(notifier: Notifier, game_ids: Collection[UUID]) -> None:
    """Wake those who follow games; call it after the commit."""
    if game_ids:
        notifier.notify(LIVE_CHANNEL, *[game_channel(game_id) for game_id in game_ids])


def notify_chat(notifier: Notifier, game_id: UUID, room: Room) -> None:
    """Wake those who read a room of a game's chat; call it after the commit."""
    notifier.notify(LIVE_CHANNEL, chat_channel(game_id, room))
