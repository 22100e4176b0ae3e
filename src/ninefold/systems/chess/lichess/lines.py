"""The lines of a game's stream and of an event stream: what is there, and then what is committed."""

import itertools
from collections.abc import AsyncGenerator, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, TypeAlias
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id, parse_id
from ninefold.core.live import Entry, Follower, Hub
from ninefold.core.postgres.database import Connection, Database
from ninefold.systems.chess.lichess.objects.challenges import show_challenge, show_challenge_event
from ninefold.systems.chess.lichess.objects.games import (
    ChatLine,
    GameFinish,
    GameStart,
    Seats,
    show_game_full,
    show_game_info,
    show_game_state,
    show_opponent_gone,
)
from ninefold.systems.chess.lichess.reading import (
    list_running,
    read_challenge_seats,
    read_seats,
)
from ninefold.systems.chess.lichess.replay import EventEntry, GameSnapshot, after_event, decode_event, snapshot_of
from ninefold.systems.chess.model import (
    CHALLENGE_PREFIX,
    GAME_PREFIX,
    Challenge,
    Colour,
    Game,
    GameStatus,
    Player,
    Room,
)
from ninefold.systems.chess.service.challenges import get_challenge, list_challenges
from ninefold.systems.chess.service.channels import chat_channel, game_channel, player_channel
from ninefold.systems.chess.service.games import find_game

_UNSHOWN: Final = frozenset({"started", "clock_adjusted"})
"""Entries that change nothing that clients see."""

_ROOMS: Final[tuple[Room, ...]] = ("player", "spectator")

_EventLine: TypeAlias = tuple[tuple[UUID, str], bytes]
"""A line of an event stream, and what it says about what, so that it is said once."""

_encoder: Final = msgspec.json.Encoder()


class ChatEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a room of the chat of a game."""

    room: Room
    name: str
    text: str


class PlayerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the channel of a player: what has changed is read again."""

    game_id: str | None = None
    challenge_id: str | None = None


_chat_decoder: Final = msgspec.json.Decoder(ChatEntry)
_player_decoder: Final = msgspec.json.Decoder(PlayerEntry)


def line(shown: msgspec.Struct) -> bytes:
    """Return an object as a line."""
    return _encoder.encode(shown) + b"\n"


async def game_lines(
    database: Database, hub: Hub, *, organisation_id: UUID, game_id: UUID, colour: Colour
) -> AsyncGenerator[bytes, None]:
    """Yield the lines of a game's stream, until the game has ended.

    Args:
        database: where the game is.
        hub: reads its log.
        organisation_id: the organisation of the player.
        game_id: the game.
        colour: what the player plays.
    """
    log = game_channel(game_id)
    async with Follower(hub) as follower:
        for room in _ROOMS:
            await follower.open(chat_channel(game_id, room))
        async with database.snapshot() as connection:
            game = await _read_game(connection, organisation_id, format_id(GAME_PREFIX, game_id))
            seats = await read_seats(connection, game)
        at = datetime.now(UTC)
        snapshot = snapshot_of(game, at=at)
        yield line(show_game_full(game, seats, snapshot, at=at))
        await follower.open(log, after=game.last_sequence)
        while snapshot.status is not GameStatus.ENDED:
            channel, entries = await follower.next()
            if channel != log:
                yield b"".join(_chat_line(entry) for entry in entries)
                continue
            for events in _transactions(entries):
                snapshot = apply_all(snapshot, events)
                yield b"".join(_lines_of(events, snapshot, game, colour))


def apply_all(snapshot: GameSnapshot, events: Sequence[EventEntry]) -> GameSnapshot:
    """Return the state after several entries of the log."""
    for event in events:
        snapshot = after_event(snapshot, event)
    if snapshot.status is GameStatus.CREATED and len(snapshot.moves) > 1:
        return msgspec.structs.replace(snapshot, status=GameStatus.RUNNING)
    return snapshot


async def event_lines(database: Database, hub: Hub, player: Player, *, site_url: str) -> AsyncGenerator[bytes, None]:
    """Yield the lines of a player's event stream: games and challenges that there are, and then what changes.

    Args:
        database: where they are.
        hub: reads the channel of the player.
        player: the player.
        site_url: where people reach the server.
    """
    told: set[tuple[UUID, str]] = set()
    async with Follower(hub) as follower:
        await follower.open(player_channel(player.player_id))
        async with database.snapshot() as connection:
            found = [
                *[_line_of_game(game, seats, player) for game, seats in await list_running(connection, player)],
                *[
                    await _line_of_challenge(connection, challenge, player, site_url)
                    for challenge in await list_challenges(connection, player=player, now=datetime.now(UTC))
                ],
            ]
        while True:
            new = [(key, content) for key, content in found if key not in told]
            told.update(key for key, _ in new)
            if new:
                yield b"".join(content for _, content in new)
            _, entries = await follower.next()
            async with database.transaction() as connection:
                found = [
                    each
                    for entry in entries
                    for each in await _lines_of_entry(
                        connection, _player_decoder.decode(entry.data), player, site_url=site_url
                    )
                ]


async def _lines_of_entry(
    connection: Connection, entry: PlayerEntry, player: Player, *, site_url: str
) -> list[_EventLine]:
    """Return what is said of a change: what has changed is read again."""
    lines = []
    if entry.game_id is not None:
        game = await _read_game(connection, player.organisation_id, entry.game_id)
        lines.append(_line_of_game(game, await read_seats(connection, game), player))
    if entry.challenge_id is not None:
        challenge_id = parse_id(CHALLENGE_PREFIX, entry.challenge_id)
        challenge = await get_challenge(connection, organisation_id=player.organisation_id, challenge_id=challenge_id)
        lines.append(await _line_of_challenge(connection, challenge, player, site_url))
    return lines


async def _read_game(connection: Connection, organisation_id: UUID, game_id: str) -> Game:
    return await find_game(connection, organisation_id=organisation_id, reference=game_id)


def _line_of_game(game: Game, seats: Seats, player: Player) -> _EventLine:
    info = show_game_info(game, seats, _colour_in(game, player), at=datetime.now(UTC))
    if game.status is GameStatus.ENDED:
        return (game.game_id, "finish"), line(GameFinish(info))
    return (game.game_id, "start"), line(GameStart(info))


async def _line_of_challenge(connection: Connection, challenge: Challenge, player: Player, site_url: str) -> _EventLine:
    shown = show_challenge(challenge, *await read_challenge_seats(connection, challenge), site_url=site_url)
    event = show_challenge_event(challenge, shown, player)
    return (challenge.challenge_id, challenge.status), b"" if event is None else line(event)


def _transactions(entries: Sequence[Entry]) -> Iterator[list[EventEntry]]:
    """Yield the entries that were committed together; between them, the game was never seen."""
    events = [decode_event(entry.data) for entry in entries]
    for _, group in itertools.groupby(events, key=lambda event: event.at):
        yield list(group)


def _lines_of(events: Sequence[EventEntry], snapshot: GameSnapshot, game: Game, colour: Colour) -> Iterator[bytes]:
    for event in events:
        if event.type in ("player_gone", "player_back") and event.colour != colour:
            yield line(show_opponent_gone(event.claimable_at, at=datetime.now(UTC)))
    if any(event.type not in {"player_gone", "player_back", *_UNSHOWN} for event in events):
        yield line(show_game_state(snapshot, game))


def _chat_line(entry: Entry) -> bytes:
    written = _chat_decoder.decode(entry.data)
    return line(ChatLine(room=written.room, username=written.name, text=written.text))


def _colour_in(game: Game, player: Player) -> Colour:
    colour = game.colour_of(player.player_id)
    assert colour is not None, "the channel of a player has only the player's games"
    return colour
