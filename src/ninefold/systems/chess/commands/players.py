"""`ninefold chess players …`."""

from typing import Annotated, Final

import msgspec
from cyclopts import App, Parameter

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiClient,
    ApiOptions,
    Limit,
    Page,
    parse_argument_id,
    print_fields,
    print_json,
    print_next_page,
    print_note,
    print_table,
    show_answer,
    show_fields,
    state_text,
)
from ninefold.core.errors import InvalidInputError
from ninefold.core.ids import InvalidIdError, parse_id
from ninefold.systems.chess.commands.answers import CreatedTokenAnswer, PlayerAnswer, TokensAnswer
from ninefold.systems.chess.model import PLAYER_PREFIX
from ninefold.systems.chess.service.players import PLAYER_TOKEN

_PLAYERS: Final = "/api/v1/chess/players"
_SAVE: Final = "Save the token now: it won't be shown again."

players = App(name="players", help="Manage players.")
tokens = App(name="tokens", help="Manage the tokens that play for a player.")
players.command(tokens)

Flag = Annotated[bool, Parameter(negative="", show_default=False)]


class CreatedPlayer(msgspec.Struct, frozen=True, kw_only=True):
    """What `players create --json` prints."""

    player_id: str
    name: str
    is_bot: bool
    token_id: str
    token: str


@players.command(name="create")
def create_player(name: str, *, bot: Flag = False, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Create a player, and print a token that plays for it.

    Args:
        name: Its name: 2 to 30 letters without accents, digits, _ and -.
        bot: It is a program; Lichess's bot API is for bots only.
        api: The server and API key to use.
    """
    with api.client() as client:
        player = client.post(_PLAYERS, {"name": name, "is_bot": bot}).read(PlayerAnswer)
        token = client.post(_tokens_path(player.player_id), {}).read(CreatedTokenAnswer)
    created = CreatedPlayer(
        player_id=player.player_id,
        name=player.name,
        is_bot=player.is_bot,
        token_id=token.token_id,
        token=token.token,
    )
    if api.json:
        print_json(created)
    else:
        show_fields(created)
        print_note(_SAVE)


@players.command(name="list")
def list_players(
    *, bots: Flag = False, limit: Limit = 20, cursor: str | None = None, api: ApiOptions = FROM_ENVIRONMENT
) -> None:
    """List players, oldest first, without guests.

    Args:
        bots: List only bots.
        limit: Maximum number of players to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(_PLAYERS, is_bot="true" if bots else None, limit=limit, cursor=cursor)
        show_answer(answer, Page[PlayerAnswer], api=api, show=_show_players)


@players.command(name="show")
def show_player(player: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Show a player, with the ratings at all speeds.

    Args:
        player: Its name or its id.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(f"{_PLAYERS}/{find_player_id(client, player)}")
        show_answer(answer, PlayerAnswer, api=api, show=_show_player)


@tokens.command(name="create")
def create_token(
    player: str, *, name: str = "chess", expires_in_s: int | None = None, api: ApiOptions = FROM_ENVIRONMENT
) -> None:
    """Create another token that plays for a player, and print it.

    Args:
        player: The player's name or id.
        name: What the token is for.
        expires_in_s: How many seconds it is valid; otherwise until it is revoked.
        api: The server and API key to use.
    """
    body = {"name": name, "expires_in_s": expires_in_s}
    with api.client() as client:
        answer = client.post(_tokens_path(find_player_id(client, player)), body)
        show_answer(answer, CreatedTokenAnswer, api=api, show=_show_token)


@tokens.command(name="list")
def list_tokens(player: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """List the tokens of a player, oldest first, without their texts.

    Args:
        player: The player's name or id.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(_tokens_path(find_player_id(client, player)))
        show_answer(answer, TokensAnswer, api=api, show=_show_tokens)


@tokens.command(name="revoke")
def revoke_token(player: str, token_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Revoke a token of a player: the next request with it is refused. This can't be undone.

    Args:
        player: The player's name or id.
        token_id: The token's id, such as ptok_01h455vb4pex5vsknk084sn02q.
        api: The server and API key to use.
    """
    parse_argument_id(PLAYER_TOKEN.id_prefix, token_id, shown_by="ninefold chess players tokens list")
    with api.client() as client:
        client.delete(f"{_tokens_path(find_player_id(client, player))}/{token_id}")
    if api.json:
        print_json({"token_id": token_id, "state": "revoked"})
    else:
        print_note(f"Revoked {token_id}.")


def find_player_id(client: ApiClient, player: str) -> str:
    """Return the id of a player that is named by its name or its id.

    Raises:
        InvalidInputError: there is no player of this name.
    """
    try:
        parse_id(PLAYER_PREFIX, player)
    except InvalidIdError:
        found = client.get(_PLAYERS, name=player).read(Page[PlayerAnswer])
        if not found.items:
            raise InvalidInputError(
                f"There is no player {player!r}.", remedy="`ninefold chess players list` lists them."
            ) from None
        return found.items[0].player_id
    return player


def _tokens_path(player_id: str) -> str:
    return f"{_PLAYERS}/{player_id}/tokens"


def _show_players(page: Page[PlayerAnswer]) -> None:
    print_table(
        ["Player", "Name", "Bot", "Ratings", "Seen at"],
        [[item.player_id, item.name, item.is_bot, _ratings_text(item), item.seen_at] for item in page.items],
        empty="No players yet. Create one: ninefold chess players create ines",
    )
    print_next_page(page)


def _show_player(player: PlayerAnswer) -> None:
    print_fields(
        {
            "player_id": player.player_id,
            "name": player.name,
            "is_bot": player.is_bot,
            "ratings": _ratings_text(player) or None,
            "created_at": player.created_at,
            "seen_at": player.seen_at,
        }
    )


def _ratings_text(player: PlayerAnswer) -> str:
    return ", ".join(
        f"{speed} {rating.rating}{'?' * rating.is_provisional}" for speed, rating in player.ratings.items()
    )


def _show_token(token: CreatedTokenAnswer) -> None:
    show_fields(token)
    print_note(_SAVE)


def _show_tokens(found: TokensAnswer) -> None:
    print_table(
        ["Token", "Prefix", "Name", "State", "Created at", "Expires at", "Last used at"],
        [
            [
                item.token_id,
                item.prefix,
                item.name,
                state_text(item.state),
                item.created_at,
                item.expires_at,
                item.last_used_at,
            ]
            for item in found.items
        ],
        empty="No tokens. Create one: ninefold chess players tokens create NAME",
    )
