"""The commands against a fake server: what they send, and how they show its responses."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import httpx
import pytest

from ninefold.core.commands import ApiClient
from ninefold.edge.cli import EXIT_FAILED, run
from ninefold.systems.chess.commands.board import draw_board

PLAYER_ID: Final = "plr_01h455vb4pex5vsknk084sn02q"
TOKEN_ID: Final = "ptok_01h455vb4pex5vsknk084sn02q"
GAME_ID: Final = "game_01h455vb4pex5vsknk084sn02q"
TIME: Final = "2026-01-02T03:04:05Z"
TOKEN_TEXT: Final = "lip_AbC123xy_secret"
PLAYER: Final[dict[str, Any]] = {
    "player_id": PLAYER_ID,
    "name": "ines",
    "is_bot": False,
    "ratings": {"blitz": {"rating": 1687, "is_provisional": True}, "rapid": {"rating": 1701, "is_provisional": False}},
    "created_at": TIME,
    "seen_at": None,
}
TOKEN: Final[dict[str, Any]] = {
    "token_id": TOKEN_ID,
    "prefix": "lip_AbC123xy",
    "name": "chess",
    "state": "active",
    "created_at": TIME,
    "expires_at": None,
    "last_used_at": None,
}
CREATED_TOKEN: Final = {**TOKEN, "token": TOKEN_TEXT}
MATED: Final = "rnb1kbnr/pppp1ppp/8/4p3/6Pq/5P2/PPPPP2P/RNBQKBNR w KQkq - 1 3"
GAME: Final[dict[str, Any]] = {
    "game_id": GAME_ID,
    "short_id": "q7ZvsdUF",
    "status": "ended",
    "winner": "black",
    "reason": "checkmate",
    "speed": "blitz",
    "is_rated": True,
    "clock": {"limit_s": 180, "increment_s": 2, "days_per_turn": None},
    "white_player_id": PLAYER_ID,
    "black_player_id": PLAYER_ID,
    "initial_fen": "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1",
    "fen": MATED,
    "ply": 4,
    "turn": "white",
    "clocks": {"white_ms": 3_723_456, "black_ms": 9_900},
    "created_at": TIME,
    "moves": [{"ply": ply, "san": san} for ply, san in enumerate(["f3", "e5", "g4", "Qh4#"], start=1)],
    "white": {"name": "ines\x1b", "rating": 1500, "is_provisional": True, "rating_change": -241},
    "black": {"name": "hal", "rating": 1500, "is_provisional": False, "rating_change": 241},
}
PLAYERS: Final = "/api/v1/chess/players"
GAMES: Final = "/api/v1/chess/games"


class Server:
    """Returns the response that the test sets for each path, and records the requests."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.answers: dict[str, httpx.Response] = {}

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        self.requests.append(request)
        return self.answers[f"{request.method} {request.url.path}"]

    @property
    def sent(self) -> list[tuple[str, object]]:
        """The paths and the bodies of all requests."""
        return [(each.url.path, json.loads(each.content or b"null")) for each in self.requests]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    monkeypatch.setenv("NINEFOLD_URL", "http://ninefold.test")
    monkeypatch.setenv("NINEFOLD_API_KEY", "nfk_test")
    make_client = partial(ApiClient, transport=httpx.MockTransport(server.handle))
    monkeypatch.setattr("ninefold.core.commands.options.ApiClient", make_client)
    return server


def page(*items: object) -> httpx.Response:
    return httpx.Response(200, json={"items": items, "next_cursor": None})


@pytest.mark.parametrize("options", [[], ["--bot"]], ids=["person", "bot"])
def test_a_player_is_created_with_a_token(
    server: Server, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers[f"POST {PLAYERS}"] = httpx.Response(201, json=PLAYER)
    server.answers[f"POST {PLAYERS}/{PLAYER_ID}/tokens"] = httpx.Response(201, json=CREATED_TOKEN)

    assert run(["chess", "players", "create", "ines", *options, "--json"]) == 0

    assert server.sent == [
        (PLAYERS, {"name": "ines", "is_bot": bool(options)}),
        (f"{PLAYERS}/{PLAYER_ID}/tokens", {}),
    ]
    assert json.loads(capsys.readouterr().out) == {
        "player_id": PLAYER_ID,
        "name": "ines",
        "is_bot": False,
        "token_id": TOKEN_ID,
        "token": TOKEN_TEXT,
    }


def test_who_creates_a_player_is_told_to_save_the_token(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers[f"POST {PLAYERS}"] = httpx.Response(201, json=PLAYER)
    server.answers[f"POST {PLAYERS}/{PLAYER_ID}/tokens"] = httpx.Response(201, json=CREATED_TOKEN)

    assert run(["chess", "players", "create", "ines"]) == 0

    shown = capsys.readouterr()
    assert TOKEN_TEXT in shown.out
    assert "won't be shown again" in shown.err


def test_players_are_listed_with_their_ratings(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers[f"GET {PLAYERS}"] = page(PLAYER)

    assert run(["chess", "players", "list", "--bots"]) == 0

    assert "blitz 1687?, rapid 1701" in capsys.readouterr().out
    assert dict(server.requests[0].url.params) == {"is_bot": "true", "limit": "20"}


@pytest.mark.parametrize("named", ["ines", PLAYER_ID])
def test_a_player_is_found_by_its_name_or_its_id(
    server: Server, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers[f"GET {PLAYERS}"] = page(PLAYER)
    server.answers[f"GET {PLAYERS}/{PLAYER_ID}"] = httpx.Response(200, json=PLAYER)

    assert run(["chess", "players", "show", named]) == 0

    assert "1687?" in capsys.readouterr().out


def test_a_token_is_created_listed_and_revoked(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    path = f"{PLAYERS}/{PLAYER_ID}/tokens"
    server.answers[f"POST {path}"] = httpx.Response(201, json=CREATED_TOKEN)
    server.answers[f"GET {path}"] = page(TOKEN)
    server.answers[f"DELETE {path}/{TOKEN_ID}"] = httpx.Response(204)
    tokens = ["chess", "players", "tokens"]

    assert run([*tokens, "create", PLAYER_ID, "--name", "laptop", "--expires-in-s", "60"]) == 0
    assert run([*tokens, "list", PLAYER_ID]) == 0
    assert run([*tokens, "revoke", PLAYER_ID, TOKEN_ID]) == 0

    assert server.sent == [
        (path, {"name": "laptop", "expires_in_s": 60}),
        (path, None),
        (f"{path}/{TOKEN_ID}", None),
    ]
    output = capsys.readouterr().out
    assert TOKEN_TEXT in output
    assert "✓ active" in output


def test_games_are_listed_with_their_results(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    drawn = {**GAME, "winner": None, "reason": "fifty_moves", "clock": {**GAME["clock"], "limit_s": 60}}
    aborted = {**GAME, "winner": None, "reason": "aborted", "clock": None}
    server.answers[f"GET {PLAYERS}"] = page(PLAYER)
    server.answers[f"GET {GAMES}"] = page(GAME, drawn, aborted)

    assert run(["chess", "games", "list", "--player", "ines", "--status", "ended"]) == 0

    assert dict(server.requests[1].url.params) == {"status": "ended", "player_id": PLAYER_ID, "limit": "20"}
    _, *lines = capsys.readouterr().out.splitlines()
    expected: list[Sequence[str]] = [
        ("✓ ended", "black won: checkmate", "180 s + 2 s"),
        ("✓ ended", "draw: fifty moves", "60 s + 2 s"),
        ("- ended", "aborted", "unlimited"),
    ]
    assert [[text in line for text in texts] for line, texts in zip(lines, expected, strict=True)] == [[True] * 3] * 3


def test_a_game_is_shown_with_its_board_its_clocks_and_its_moves(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers[f"GET {GAMES}/{GAME_ID}"] = httpx.Response(200, json=GAME)

    assert run(["chess", "games", "show", GAME_ID]) == 0

    output = capsys.readouterr().out
    assert draw_board(MATED) in output
    assert all(
        text in output
        for text in ("1. f3 e5 2. g4 Qh4#", "1:02:03.4", "0:09.9", "ines␛ (1500? -241)", "hal (1500 +241)")
    )


def test_a_game_is_printed_as_the_server_writes_it(server: Server, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    server.answers[f"GET {GAMES}/{GAME_ID}/pgn"] = httpx.Response(200, content=b'[Event "x"]\n\n*\n')

    assert run(["chess", "games", "pgn", GAME_ID]) == 0

    assert capfdbinary.readouterr().out == b'[Event "x"]\n\n*\n'


def test_an_unknown_player_is_named(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers[f"GET {PLAYERS}"] = page()

    assert run(["chess", "players", "tokens", "create", "nobody"]) == EXIT_FAILED

    assert "There is no player 'nobody'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["games", "show", ".."], "game_"),
        (["games", "pgn", PLAYER_ID], "game_"),
        (["players", "tokens", "revoke", "ines", ".."], "ptok_"),
        (["games", "list", "--status", "lost"], "--status"),
        (["players", "list", "--limit", "0"], "--limit"),
        (["players", "create"], "NAME"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_a_wrong_argument_is_named_and_nothing_is_sent(
    server: Server, command: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["chess", *command]) != 0

    assert expected in capsys.readouterr().err
    assert server.requests == []


def test_a_board_has_white_at_the_bottom() -> None:
    lines = draw_board("rnbqkbnr/pp1ppppp/8/2p5/4P3/8/PPPP1PPP/RNBQKBNR w KQkq c6 0 2").splitlines()

    assert lines == [
        "8 r n b q k b n r",
        "7 p p . p p p p p",
        "6 . . . . . . . .",
        "5 . . p . . . . .",
        "4 . . . . P . . .",
        "3 . . . . . . . .",
        "2 P P P P . P P P",
        "1 R N B Q K B N R",
        "  a b c d e f g h",
    ]
