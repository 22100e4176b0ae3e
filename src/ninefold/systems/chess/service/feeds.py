"""The live feeds of games: their logs, and the rooms of their chat."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import InvalidIdError, format_id, parse_id
from ninefold.core.live import Channel, Cursor, Entry, Feed, Position
from ninefold.core.live.watched_log import watched_feed
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.model import ORGANISATION_PREFIX, Principal
from ninefold.systems.chess.model import GAME_PREFIX, PLAY, PLAYER_PREFIX, ChatLine, Game, Room
from ninefold.systems.chess.service.channels import (
    CHAT_PATTERN,
    GAME_PATTERN,
    LOBBY_PATTERN,
    PLAYER_CHAT_PATTERN,
    PLAYER_PATTERN,
)
from ninefold.systems.chess.service.players import find_own_player
from ninefold.systems.chess.store import chat as chat_store
from ninefold.systems.chess.store import games as store
from ninefold.systems.chess.store.players import player_find


def encode_line(line: ChatLine) -> bytes:
    """Return a line of chat as clients get it."""
    return msgspec.json.encode(
        {
            "sequence": line.sequence,
            "type": "line",
            "at": line.at,
            "room": line.room,
            "player_id": format_id(PLAYER_PREFIX, line.player_id),
            "name": line.name,
            "text": line.text,
        }
    )


def _game_in(channel: Channel) -> UUID | None:
    try:
        return parse_id(GAME_PREFIX, channel["game_id"])
    except InvalidIdError:
        return None


async def _find_game(connection: Connection, principal: Principal, channel: Channel) -> Game | None:
    game_id = _game_in(channel)
    if game_id is None:
        return None
    return await store.game_find(connection, organisation_id=principal.organisation_id, game_id=game_id)


async def _may_read(connection: Connection, principal: Principal, channel: Channel) -> bool:
    return await _find_game(connection, principal, channel) is not None


async def _may_read_player_chat(connection: Connection, principal: Principal, channel: Channel) -> bool:
    game = await _find_game(connection, principal, channel)
    if game is None:
        return False
    player = await find_own_player(connection, principal)
    return player is None or game.colour_of(player.player_id) is not None


async def _may_read_player(connection: Connection, principal: Principal, channel: Channel) -> bool:
    try:
        player_id = parse_id(PLAYER_PREFIX, channel["player_id"])
    except InvalidIdError:
        return False
    if PLAY in principal.scopes:
        own = await find_own_player(connection, principal)
        return own is not None and own.player_id == player_id
    return await player_find(connection, organisation_id=principal.organisation_id, player_id=player_id) is not None


async def _may_read_lobby(connection: Connection, principal: Principal, channel: Channel) -> bool:
    del connection
    return channel["organisation_id"] == format_id(ORGANISATION_PREFIX, principal.organisation_id)


async def _read_positions(connection: Connection, channels: Sequence[Channel]) -> Mapping[str, Position]:
    names = {game_id: channel.name for channel in channels if (game_id := _game_in(channel))}
    positions = await store.game_list_positions(connection, game_ids=names)
    return {names[game_id]: Position(offset=sequence) for game_id, sequence in positions.items()}


async def _read_after(connection: Connection, cursors: Sequence[Cursor], limit: int) -> Mapping[str, Sequence[Entry]]:
    names = {game_id: cursor for cursor in cursors if (game_id := _game_in(cursor.channel)) is not None}
    found = await store.event_list(
        connection, cursors=[(game_id, cursor.offset) for game_id, cursor in names.items()], limit=limit
    )
    return {
        names[game_id].channel.name: [Entry(event.sequence, event.encode()) for event in events]
        for game_id, events in found.items()
    }


def _chat_feed(pattern: str, room: Room) -> Feed:
    async def read_positions(connection: Connection, channels: Sequence[Channel]) -> Mapping[str, Position]:
        names = {game_id: channel.name for channel in channels if (game_id := _game_in(channel))}
        positions = await chat_store.chat_list_positions(connection, room=room, game_ids=names)
        return {names[game_id]: Position(offset=sequence) for game_id, sequence in positions.items()}

    async def read_after(
        connection: Connection, cursors: Sequence[Cursor], limit: int
    ) -> Mapping[str, Sequence[Entry]]:
        names = {game_id: cursor for cursor in cursors if (game_id := _game_in(cursor.channel)) is not None}
        found = await chat_store.chat_line_list(
            connection,
            room=room,
            cursors=[(game_id, cursor.offset) for game_id, cursor in names.items()],
            limit=limit,
        )
        return {
            names[game_id].channel.name: [Entry(line.sequence, encode_line(line)) for line in lines]
            for game_id, lines in found.items()
        }

    may_read = _may_read_player_chat if room == "player" else _may_read
    return Feed(
        pattern=pattern, may_read=may_read, read_positions=read_positions, read_after=read_after, also_scope=PLAY
    )


FEEDS: Final = (
    Feed(
        pattern=GAME_PATTERN,
        may_read=_may_read,
        read_positions=_read_positions,
        read_after=_read_after,
        has_presence=True,
        also_scope=PLAY,
    ),
    _chat_feed(CHAT_PATTERN, "spectator"),
    _chat_feed(PLAYER_CHAT_PATTERN, "player"),
    watched_feed(pattern=PLAYER_PATTERN, may_read=_may_read_player, also_scope=PLAY),
    watched_feed(pattern=LOBBY_PATTERN, may_read=_may_read_lobby, also_scope=PLAY),
)
