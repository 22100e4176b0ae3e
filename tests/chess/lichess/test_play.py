"""What players do besides moving, and what is said of it: chat, claims, open challenges, nulls, errors."""

import threading
from typing import Any

import httpx
import pytest

from chess_installation import ChessInstallation
from lichess_players import ARRIVES_WITHIN_S, FOOLS_MATE, Pair, Stream


def error_of(response: httpx.Response, status: int) -> str:
    body = response.json()
    assert (response.status_code, list(body)) == (status, ["error"]), response.text
    return str(body["error"])


def test_chat_reaches_both_players_in_both_rooms(bots: Pair) -> None:
    game_id = bots.begin()
    stream = Stream(bots.ada.bots.stream_game_state(game_id))
    assert stream.next()["type"] == "gameFull"
    bots.bob.bots.post_message(game_id, "Hi! I'm Bob.")
    bots.bob.bots.post_message(game_id, "Thanks for watching!", spectator=True)
    lines = [stream.until(lambda each: each["type"] == "chatLine") for _ in range(2)]
    assert sorted((each["room"], each["username"], each["text"]) for each in lines) == [
        ("player", "Bob", "Hi! I'm Bob."),
        ("spectator", "Bob", "Thanks for watching!"),
    ]


@pytest.mark.parametrize(
    "body", [{"text": ""}, {"room": "player"}, {"room": "kitchen", "text": "hi"}, {"text": "x" * 141}, {"text": " \n"}]
)
def test_lines_that_cannot_be_written(bots: Pair, installation: ChessInstallation, body: dict[str, str]) -> None:
    game_id = bots.begin()
    with installation.http(bots.token_of_ada) as http:
        assert error_of(http.post(f"/api/bot/game/{game_id}/chat", data=body), 400)


def test_claims_without_a_reason_are_refused(bots: Pair, installation: ChessInstallation) -> None:
    game_id = bots.begin()
    bots.play(game_id, ["e2e4", "e7e5"])
    with installation.http(bots.token_of_ada) as http:
        for claim in ("claim-victory", "claim-draw"):
            assert "isn't gone" in error_of(http.post(f"/api/bot/game/{game_id}/{claim}"), 400)


def test_an_open_challenge_is_accepted_by_anybody_who_has_its_id(bots: Pair) -> None:
    opened: Any = bots.ada.challenges.create_open(clock_limit=180, clock_increment=2)
    assert (opened["status"], opened["open"]) == ("created", {})
    assert opened["urlWhite"].startswith(opened["url"])
    bots.bob.challenges.accept(opened["id"])
    started = bots.events_of_ada.until(lambda each: each["type"] == "gameStart")["game"]
    assert (started["gameId"], started["opponent"]["id"]) == (opened["id"], "bob")


def test_a_challenge_that_is_kept_alive_says_how_it_has_ended(bots: Pair, installation: ChessInstallation) -> None:
    body = {"rated": "false", "days": "3", "keepAliveStream": "true"}
    with (
        installation.http(bots.token_of_ada) as http,
        http.stream("POST", "/api/challenge/bob", data=body) as response,
    ):
        lines = (line for line in response.iter_lines() if line)
        challenge = bots.events_of_bob.until(lambda each: each["type"] == "challenge")["challenge"]
        assert challenge["id"] in next(lines)
        bots.bob.challenges.decline(challenge["id"])
        assert next(lines) == '{"done":"declined"}'


def test_a_challenge_that_is_kept_alive_is_withdrawn_if_its_client_goes(
    bots: Pair, installation: ChessInstallation
) -> None:
    with installation.http(bots.token_of_ada) as http:
        body = {"rated": "false", "days": "3", "keepAliveStream": "true"}
        with http.stream("POST", "/api/challenge/bob", data=body):
            created = bots.events_of_bob.until(lambda each: each["type"] == "challenge")["challenge"]
    canceled = bots.events_of_bob.until(lambda each: each["type"] == "challengeCanceled")["challenge"]
    assert canceled["id"] == created["id"]


def test_explicit_nulls_mean_that_nothing_was_said(bots: Pair, installation: ChessInstallation) -> None:
    fields = {"rated": None, "clock.limit": 300, "clock.increment": 3, "days": None, "color": None, "variant": None}
    with installation.http(bots.token_of_ada) as http:
        flat = http.post("/api/challenge/bob", json={**fields, "fen": None, "keepAliveStream": None})
        nested = http.post("/api/challenge/bob", json={"clock": {"limit": 300, "increment": 3}, "days": None})
    for response in (flat, nested):
        assert response.status_code == 200, response.text
        assert response.json()["timeControl"] == {"type": "clock", "limit": 300, "increment": 3, "show": "5+3"}
        assert (response.json()["rated"], response.json()["color"]) == (False, "random")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/api/challenge/nobody", {"clock.limit": "60", "clock.increment": "0"}, 404),
        ("POST", "/api/challenge/ada", {"clock.limit": "60", "clock.increment": "0"}, 400),
        ("POST", "/api/challenge/bob", {"clock.limit": "60"}, 400),
        ("POST", "/api/challenge/bob", {"variant": "atomic"}, 400),
        ("POST", "/api/challenge/bob", {"fen": "nonsense", "variant": "fromPosition"}, 400),
        ("POST", "/api/challenge/bob", {"rated": "perhaps"}, 400),
        ("POST", "/api/challenge/zzzzzzzz/accept", {}, 404),
        ("POST", "/api/challenge/zzzzzzzz/decline", {"reason": "later"}, 404),
        ("POST", "/api/challenge/zzzzzzzz/cancel", {}, 404),
        ("GET", "/api/challenge/zzzzzzzz/show", None, 404),
        ("GET", "/api/user/nobody", None, 404),
        ("GET", "/api/games/user/nobody", None, 404),
        ("GET", "/game/export/zzzzzzzz", None, 404),
        ("GET", "/api/bot/game/stream/zzzzzzzz", None, 404),
        ("POST", "/api/bot/game/zzzzzzzz/move/e2e4", {}, 404),
        ("POST", "/api/account/kid?v=true", {}, 400),
        ("POST", "/api/board/seek", {"time": "5", "increment": "3"}, 400),
        ("GET", "/api/tournament", None, 404),
        ("GET", "/api/puzzle/daily", None, 404),
    ],
)
def test_errors(  # noqa: PLR0917  # a table.
    bots: Pair, installation: ChessInstallation, method: str, path: str, body: dict[str, str] | None, status: int
) -> None:
    with installation.http(bots.token_of_ada) as http:
        assert error_of(http.request(method, path, data=body), status)


def test_the_page_and_a_bot_play_one_game(installation: ChessInstallation, bots: Pair) -> None:
    """The page uses Ninefold's own API, the bot Lichess's."""
    game_id = bots.begin()
    stream = Stream(bots.bob.bots.stream_game_state(game_id))
    assert stream.next()["type"] == "gameFull"
    with installation.http(bots.token_of_ada) as page:
        (game,) = page.get("/api/v1/chess/games").json()["items"]
        path = f"/api/v1/chess/games/{game['game_id']}"
        for ply, move in enumerate(FOOLS_MATE, start=1):
            if ply % 2 == 1:
                body = {"ply": ply, "move": move, "client_move_id": f"m{ply}"}
                assert page.post(f"{path}/moves", json=body).json()["result"] == "committed"
                shown = stream.until(lambda each: each["type"] == "gameState")
                assert shown["moves"] == " ".join(FOOLS_MATE[:ply])
            else:
                bots.bob.bots.make_move(game_id, move)
                stream.until(lambda each: each["type"] == "gameState")
                assert page.get(path).json()["moves"][-1]["uci"] == move
        ended = page.get(path).json()
    assert (ended["reason"], ended["winner"], ended["short_id"]) == ("checkmate", "black", game_id)


def test_a_player_without_an_account_has_no_address(bots: Pair) -> None:
    assert bots.ada.account.get_email() is None


def test_streams_are_never_silent_for_long(bots: Pair, installation: ChessInstallation) -> None:
    """Clients give up after 15 s; an empty line comes every 5 s."""
    arrived = threading.Event()

    def read() -> None:
        with installation.http(bots.token_of_bob) as http, http.stream("GET", "/api/stream/event") as response:
            for chunk in response.iter_raw():
                if chunk == b"\n":
                    arrived.set()
                    return

    threading.Thread(target=read, daemon=True).start()
    assert arrived.wait(ARRIVES_WITHIN_S)
