"""`ninefold chess games …`."""

import sys
from typing import Final

from cyclopts import App
from rich.text import Text

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiOptions,
    Limit,
    Page,
    parse_argument_id,
    print_fields,
    print_gap,
    print_next_page,
    print_table,
    print_text,
    show_answer,
    state_text,
)
from ninefold.systems.chess.commands.answers import (
    ClockAnswer,
    GameAnswer,
    GameSummaryAnswer,
    SideAnswer,
)
from ninefold.systems.chess.commands.board import draw_board
from ninefold.systems.chess.commands.players import find_player_id
from ninefold.systems.chess.model import GAME_PREFIX, GameStatus
from ninefold.systems.chess.rules.pgn import PgnMove, write_moves

_GAMES: Final = "/api/v1/chess/games"

_LIKE: Final = {GameStatus.CREATED.value: "waiting", GameStatus.ENDED.value: "succeeded"}
"""The states that all systems share, whose icon and colour a status has."""

_UNPLAYED: Final = frozenset({"aborted", "not_started"})

games = App(name="games", help="View games.")


@games.command(name="list")
def list_games(
    *,
    status: GameStatus | None = None,
    player: str | None = None,
    limit: Limit = 20,
    cursor: str | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """List games, latest first.

    Args:
        status: List only games with this status.
        player: List only games of this player: its name or its id.
        limit: Maximum number of games to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(
            _GAMES,
            status=None if status is None else status.value,
            player_id=None if player is None else find_player_id(client, player),
            limit=limit,
            cursor=cursor,
        )
        show_answer(answer, Page[GameSummaryAnswer], api=api, show=_show_games)


@games.command(name="show")
def show_game(game_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Show a game with its board, its clocks and its moves.

    Args:
        game_id: The game's id, such as game_01h455vb4pex5vsknk084sn02q.
        api: The server and API key to use.
    """
    path = _game_path(game_id)
    with api.client() as client:
        show_answer(client.get(path), GameAnswer, api=api, show=_show_game)


@games.command(name="pgn")
def print_pgn(game_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Print a game in Portable Game Notation, which chess programs read.

    Args:
        game_id: The game's id, such as game_01h455vb4pex5vsknk084sn02q.
        api: The server and API key to use.
    """
    path = f"{_game_path(game_id)}/pgn"
    with api.client() as client:
        sys.stdout.buffer.write(client.get(path).content)


def _game_path(game_id: str) -> str:
    parse_argument_id(GAME_PREFIX, game_id, shown_by="ninefold chess games list")
    return f"{_GAMES}/{game_id}"


def _show_games(page: Page[GameSummaryAnswer]) -> None:
    print_table(
        ["Game", "Status", "Result", "Speed", "Clock", "Plies", "Created at"],
        [
            [
                item.game_id,
                _status_text(item),
                _result_text(item),
                item.speed,
                _clock_text(item.clock),
                item.ply,
                item.created_at,
            ]
            for item in page.items
        ],
        empty="No games yet. Two players meet on the page, by a challenge or by a seek.",
    )
    print_next_page(page)


def _show_game(game: GameAnswer) -> None:
    print_fields(
        {
            "game_id": game.game_id,
            "short_id": game.short_id,
            "status": _status_text(game),
            "result": _result_text(game) or None,
            "white": _side_text(game.white),
            "black": _side_text(game.black),
            "clock": f"{_clock_text(game.clock)}, {'rated' if game.is_rated else 'unrated'}",
            "white_has_left": _time_text(game.clocks.white_ms),
            "black_has_left": _time_text(game.clocks.black_ms),
            "to_move": None if game.status == GameStatus.ENDED else game.turn,
            "fen": game.fen,
            "created_at": game.created_at,
        }
    )
    print_gap()
    print_text(draw_board(game.fen))
    if game.moves:
        print_gap()
        print_text(write_moves([PgnMove(move.san) for move in game.moves], initial_fen=game.initial_fen))


def _status_text(game: GameSummaryAnswer) -> Text:
    return state_text(game.status, like="canceled" if game.reason in _UNPLAYED else _LIKE.get(game.status))


def _result_text(game: GameSummaryAnswer) -> str:
    if game.reason is None:
        return ""
    reason = game.reason.replace("_", " ")
    if game.winner is not None:
        return f"{game.winner} won: {reason}"
    return reason if game.reason in _UNPLAYED else f"draw: {reason}"


def _side_text(side: SideAnswer) -> str:
    change = "" if side.rating_change is None else f" {side.rating_change:+d}"
    return f"{side.name} ({side.rating}{'?' * side.is_provisional}{change})"


def _clock_text(clock: ClockAnswer | None) -> str:
    if clock is None:
        return "unlimited"
    if clock.days_per_turn is not None:
        return f"{clock.days_per_turn} d a move"
    return f"{clock.limit_s} s + {clock.increment_s} s"


def _time_text(milliseconds: int | None) -> str | None:
    """Return a time as `1:02:03.4`."""
    if milliseconds is None:
        return None
    tenths = milliseconds // 100
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{head}:{tenths // 10:02}.{tenths % 10}"
