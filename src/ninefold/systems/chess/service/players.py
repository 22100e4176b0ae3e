"""Players: who they are, and for whom a request acts."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy import service as tenancy
from ninefold.core.tenancy.accounts import get_account
from ninefold.core.tenancy.kinds import marked_kind, random_text
from ninefold.core.tenancy.model import CreatedCredential, Credential, Principal
from ninefold.systems.chess.errors import (
    BotNotPossibleError,
    InvalidPlayerNameError,
    NotThisPlayerError,
    PlayerNameTakenError,
    PlayerNotFoundError,
    PlayerRequiredError,
)
from ninefold.systems.chess.model import PLAY, PLAYER_PREFIX, Player
from ninefold.systems.chess.store import players as store

PLAYER_TOKEN: Final = marked_kind(
    "lip",
    name="player_token",
    label="player token",
    id_prefix="ptok",
    remedy="Create a token with `ninefold chess players create` and send it as `Authorization: Bearer lip_…`.",
    is_for_api=True,
)
"""Plays for one player, in Lichess's API and in Ninefold's own. `lip_` is how Lichess's personal tokens begin."""

TOKENS_MAX: Final = 100
"""Of one player."""

NAME_LENGTH_MAX: Final = 30
NAME_PATTERN: Final = f"^[A-Za-z0-9_-]{{2,{NAME_LENGTH_MAX}}}$"
NAMES_MAX: Final = 300
"""How many players can be looked up at once."""

SEEN_RESOLUTION: Final = timedelta(minutes=1)
"""How exactly is known when a player was last seen: a move needn't write it again."""

_NAME: Final = re.compile(NAME_PATTERN)
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_-]+")
_NAME_TRIES: Final = 10


async def create_player(
    connection: Connection, *, organisation_id: UUID, name: str, is_bot: bool = False, is_guest: bool = False
) -> Player:
    """Create a player without an account.

    Raises:
        InvalidPlayerNameError: the name has other characters, or is too short or too long.
        PlayerNameTakenError: the organisation has a player of this name.
    """
    if _NAME.fullmatch(name) is None:
        raise InvalidPlayerNameError(
            f"{name[:80]!r} can't be the name of a player.",
            field="name",
            remedy="Use 2 to 30 letters without accents, digits, `_` and `-`.",
        )
    player = await store.player_insert(
        connection,
        player_id=new_id(),
        organisation_id=organisation_id,
        account_id=None,
        name=name,
        is_bot=is_bot,
        is_guest=is_guest,
    )
    if player is None:
        raise PlayerNameTakenError(
            f"There is a player {name!r} already, in upper or lower case.",
            field="name",
            remedy="Choose another name.",
        )
    return player


async def create_guest(connection: Connection, *, organisation_id: UUID) -> Player:
    """Create a player for somebody without an account."""
    return await create_player(
        connection, organisation_id=organisation_id, name=f"guest-{random_text(8)}", is_guest=True
    )


async def get_player(connection: Connection, *, organisation_id: UUID, player_id: UUID) -> Player:
    """Return a player of an organisation.

    Raises:
        PlayerNotFoundError: it has no such player.
    """
    player = await store.player_find(connection, organisation_id=organisation_id, player_id=player_id)
    if player is None:
        raise _not_found(format_id(PLAYER_PREFIX, player_id))
    return player


async def get_player_by_name(connection: Connection, *, organisation_id: UUID, name: str) -> Player:
    """Return the player of a name, in upper or lower case.

    Raises:
        PlayerNotFoundError: the organisation has no such player.
    """
    player = await store.player_find_by_name(connection, organisation_id=organisation_id, name=name)
    if player is None:
        raise _not_found(name)
    return player


async def list_players(
    connection: Connection, *, organisation_id: UUID, is_bot: bool | None, after: UUID | None, limit: int
) -> list[Player]:
    """Return a page of the players of an organisation, oldest first, without guests."""
    return await store.player_list(connection, organisation_id=organisation_id, is_bot=is_bot, after=after, limit=limit)


async def list_players_by_names(connection: Connection, *, organisation_id: UUID, names: Sequence[str]) -> list[Player]:
    """Return the players of these names, at most `NAMES_MAX`; those that don't exist are missing."""
    return await store.player_list_by_names(connection, organisation_id=organisation_id, names=names, limit=NAMES_MAX)


async def create_player_token(
    connection: Connection,
    player: Player,
    *,
    principal: Principal | None,
    name: str,
    expires_in: timedelta | None = None,
) -> CreatedCredential:
    """Create a token that plays for a player.

    Args:
        connection: in a transaction.
        player: for whom it plays.
        principal: who asks for it; None for the system itself.
        name: what it is for.
        expires_in: how long it is valid; None if it never expires.

    Raises:
        NotThisPlayerError: the player is another person's own, or the engine.
        InvalidNameError: the name is empty or too long.
        InvalidLifetimeError: `expires_in` is too short or too long.
    """
    if principal is not None and player.account_id not in (None, principal.account_id):
        raise NotThisPlayerError(
            f"{player.name} is the player of another person.",
            field="player_id",
            remedy="Create a player of its own for a program.",
        )
    if player.engine_level is not None:
        raise NotThisPlayerError(
            f"{player.name} is the engine, which plays by itself.",
            field="player_id",
            remedy="Create a player of its own for a program.",
        )
    created = await tenancy.create_credential(
        connection,
        PLAYER_TOKEN,
        organisation_id=player.organisation_id,
        name=name,
        scopes=frozenset({PLAY}),
        expires_in=expires_in,
    )
    await store.player_token_insert(connection, credential_id=created.credential_id, player_id=player.player_id)
    return created


async def list_player_tokens(connection: Connection, player: Player) -> list[Credential]:
    """Return the tokens of a player, oldest first."""
    own = await store.player_token_list(connection, player_id=player.player_id, limit=TOKENS_MAX)
    return await tenancy.list_credentials(
        connection, PLAYER_TOKEN, organisation_id=player.organisation_id, credential_ids=own
    )


async def revoke_player_token(connection: Connection, player: Player, *, credential_id: UUID) -> Credential:
    """Revoke a token of a player: from the next request on it is refused.

    Raises:
        CredentialNotFoundError: the player has no such token.
    """
    own = await store.player_token_list(connection, player_id=player.player_id, limit=TOKENS_MAX)
    return await tenancy.revoke_credential(
        connection,
        PLAYER_TOKEN,
        organisation_id=player.organisation_id,
        credential_id=credential_id if credential_id in own else new_id(),
    )


async def find_own_player(connection: Connection, principal: Principal) -> Player | None:
    """Return the player that a principal is: that of its token or its account. None for an API key.

    An account gets its player the first time. Each statement is complete by itself, so no transaction is needed.
    """
    if PLAY in principal.scopes:
        player = await store.player_find_by_token(connection, credential_id=principal.credential_id)
    elif principal.account_id is not None:
        player = await _player_of_account(connection, principal.organisation_id, principal.account_id)
    else:
        return None
    if player is not None and not _was_just_seen(player):
        await note_seen(connection, player)
    return player


async def note_seen(connection: Connection, player: Player) -> None:
    """Note that a player is connected; written once a minute."""
    await store.player_record_seen(connection, player_id=player.player_id)


async def make_bot(connection: Connection, player: Player) -> Player:
    """Make a player a bot, which can't be undone; call it in a transaction.

    Raises:
        BotNotPossibleError: the player has played games, or belongs to a person's account.
    """
    if player.is_bot:
        return player
    if player.account_id is not None or await store.player_has_played(connection, player_id=player.player_id):
        raise BotNotPossibleError(
            "A player who has played games, or belongs to an account, can't become a bot.",
            remedy="Create another player for the bot.",
        )
    return await store.player_update_bot(connection, player_id=player.player_id)


async def get_acting_player(connection: Connection, principal: Principal, *, player_id: UUID | None) -> Player:
    """Return for which player a request acts.

    Args:
        connection: any connection.
        principal: who sends the request.
        player_id: the player that the request names, which an API key has to.

    Raises:
        PlayerRequiredError: an API key names no player.
        NotThisPlayerError: a person or a player's token names another one.
        PlayerNotFoundError: the organisation has no such player.
    """
    own = await find_own_player(connection, principal)
    if own is None:
        if player_id is None:
            raise PlayerRequiredError(
                "An API key has no player of its own.",
                field="player_id",
                remedy="Say for which player: `player_id`.",
            )
        return await get_player(connection, organisation_id=principal.organisation_id, player_id=player_id)
    if player_id not in (None, own.player_id):
        raise NotThisPlayerError(
            f"You are {own.name}, and can't act for another player.", field="player_id", remedy="Leave it out."
        )
    return own


async def _player_of_account(connection: Connection, organisation_id: UUID, account_id: UUID) -> Player | None:
    found = await store.player_find_by_account(connection, organisation_id=organisation_id, account_id=account_id)
    if found is not None:
        return found
    account = await get_account(connection, account_id)
    wished = _name_from(account.name or account.email.partition("@")[0])
    for number in range(_NAME_TRIES):
        await store.player_insert(
            connection,
            player_id=new_id(),
            organisation_id=organisation_id,
            account_id=account_id,
            name=wished if number == 0 else f"{wished[:24]}-{random_text(5)}",
            is_bot=False,
            is_guest=False,
        )
        found = await store.player_find_by_account(connection, organisation_id=organisation_id, account_id=account_id)
        if found is not None:
            return found
    return None


def _was_just_seen(player: Player) -> bool:
    return player.seen_at is not None and datetime.now(UTC) - player.seen_at < SEEN_RESOLUTION


def _name_from(text: str) -> str:
    """Return a name that is as close as possible to what a person is called."""
    # Letters with accents lose them, rather than being left out.
    plain = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    name = _NOT_IN_NAMES.sub("_", plain).strip("_")[:30]
    return name if len(name) > 1 else f"player-{random_text(6)}"


def _not_found(player: str) -> PlayerNotFoundError:
    return PlayerNotFoundError(
        f"There is no player {player[:80]!r}.",
        field="player_id",
        remedy="List the players to see their ids and names.",
    )
