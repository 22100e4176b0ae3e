"""Queries for players and their tokens."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.chess.model import Player
from ninefold.systems.chess.store.queries import queries


async def player_find(connection: Connection, *, organisation_id: UUID, player_id: UUID) -> Player | None:
    """Read one player of an organisation."""
    record = await queries.player_find(connection, organisation_id=organisation_id, player_id=player_id)
    return _player_or_none(record)


async def player_find_by_account(connection: Connection, *, organisation_id: UUID, account_id: UUID) -> Player | None:
    """Read the player of an account in an organisation."""
    record = await queries.player_find_by_account(connection, organisation_id=organisation_id, account_id=account_id)
    return _player_or_none(record)


async def player_find_engine(connection: Connection, *, organisation_id: UUID, level: int) -> Player | None:
    """Read the player of an organisation that is the engine at a level."""
    return _player_or_none(
        await queries.player_find_engine(connection, organisation_id=organisation_id, engine_level=level)
    )


async def player_find_by_name(connection: Connection, *, organisation_id: UUID, name: str) -> Player | None:
    """Read the player of a name, in upper or lower case."""
    record = await queries.player_find_by_name(connection, organisation_id=organisation_id, name=name)
    return _player_or_none(record)


async def player_find_by_token(connection: Connection, *, credential_id: UUID) -> Player | None:
    """Read whose a player token is."""
    return _player_or_none(await queries.player_find_by_token(connection, credential_id=credential_id))


async def player_has_played(connection: Connection, *, player_id: UUID) -> bool:
    """Return whether a player has played a game."""
    return bool((await queries.player_has_played(connection, player_id=player_id))["has_played"])


async def player_insert(
    connection: Connection,
    *,
    player_id: UUID,
    organisation_id: UUID,
    account_id: UUID | None,
    name: str,
    is_bot: bool,
    is_guest: bool,
    engine_level: int | None = None,
) -> Player | None:
    """Insert a player; return None if the organisation has one of this name, this account or this level."""
    record = await queries.player_insert(
        connection,
        player_id=player_id,
        organisation_id=organisation_id,
        account_id=account_id,
        name=name,
        is_bot=is_bot,
        is_guest=is_guest,
        engine_level=engine_level,
    )
    return _player_or_none(record)


async def player_list(
    connection: Connection, *, organisation_id: UUID, is_bot: bool | None, after: UUID | None, limit: int
) -> list[Player]:
    """Read a page of the players of an organisation, oldest first; guests aren't listed."""
    records = queries.player_list(connection, organisation_id=organisation_id, is_bot=is_bot, after=after, limit=limit)
    return [_player(record) async for record in records]


async def player_list_by_names(
    connection: Connection, *, organisation_id: UUID, names: Sequence[str], limit: int
) -> list[Player]:
    """Read the players of names."""
    records = queries.player_list_by_names(
        connection, organisation_id=organisation_id, names=[name.lower() for name in names], limit=limit
    )
    return [_player(record) async for record in records]


async def player_record_seen(connection: Connection, *, player_id: UUID) -> None:
    """Write when a player has last done something, once a minute."""
    await queries.player_record_seen(connection, player_id=player_id)


async def player_token_insert(connection: Connection, *, credential_id: UUID, player_id: UUID) -> None:
    """Say whose a player token is."""
    await queries.player_token_insert(connection, credential_id=credential_id, player_id=player_id)


async def player_token_list(connection: Connection, *, player_id: UUID, limit: int) -> frozenset[UUID]:
    """Read the ids of a player's tokens."""
    records = queries.player_token_list(connection, player_id=player_id, limit=limit)
    return frozenset([record["credential_id"] async for record in records])


async def player_update_bot(connection: Connection, *, player_id: UUID) -> Player:
    """Make a player a bot."""
    return _player(await queries.player_update_bot(connection, player_id=player_id))


def _player_or_none(record: Any) -> Player | None:
    return None if record is None else _player(record)


def _player(record: Any) -> Player:
    return Player(**record)
