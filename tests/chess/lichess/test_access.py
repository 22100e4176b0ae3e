"""Who may do what: each operation on a game, for everybody who isn't its player, and its errors in Lichess's shape."""

from uuid import UUID

import httpx
import pytest

from chess_installation import ChessInstallation
from lichess_players import Pair

OF_GAMES = [
    ("GET", "/api/{api}/game/stream/{game}"),
    ("POST", "/api/{api}/game/{game}/move/e2e4"),
    ("POST", "/api/{api}/game/{game}/draw/yes"),
    ("POST", "/api/{api}/game/{game}/takeback/yes"),
    ("POST", "/api/{api}/game/{game}/abort"),
    ("POST", "/api/{api}/game/{game}/resign"),
    ("POST", "/api/{api}/game/{game}/claim-victory"),
    ("POST", "/api/{api}/game/{game}/claim-draw"),
    ("GET", "/api/{api}/game/{game}/chat"),
    ("POST", "/api/{api}/game/{game}/chat"),
]
OF_CHALLENGES = [
    ("GET", "/api/challenge/{challenge}/show"),
    ("POST", "/api/challenge/{challenge}/accept"),
    ("POST", "/api/challenge/{challenge}/decline"),
    ("POST", "/api/challenge/{challenge}/cancel"),
]
OF_THE_CALLER = [
    ("GET", "/api/account"),
    ("GET", "/api/account/email"),
    ("GET", "/api/account/preferences"),
    ("GET", "/api/account/kid"),
    ("GET", "/api/account/playing"),
    ("GET", "/api/stream/event"),
    ("GET", "/api/challenge"),
    ("POST", "/api/challenge/ada"),
    ("POST", "/api/challenge/open"),
    ("POST", "/api/challenge/ai"),
    ("POST", "/api/board/seek"),
    ("POST", "/api/bot/account/upgrade"),
    ("GET", "/api/bot/online"),
]
OF_THE_ORGANISATION = [
    ("GET", "/api/user/ada"),
    ("GET", "/api/user/ada/rating-history"),
    ("GET", "/api/user/ada/current-game"),
    ("GET", "/api/games/user/ada"),
    ("GET", "/game/export/{game}"),
]
ALL = [*OF_GAMES, *OF_CHALLENGES, *OF_THE_CALLER, *OF_THE_ORGANISATION]


class Board:
    """A game and a challenge between two players, and others who have nothing to do with them."""

    def __init__(self, pair: Pair, installation: ChessInstallation, organisation_id: UUID, *, is_bot: bool) -> None:
        self.installation = installation
        self.names = {
            "game": pair.begin(),
            "challenge": str(pair.ada.challenges.create("bob", rated=False, days=3)["id"]),
            "api": "bot" if is_bot else "board",
        }
        elsewhere = installation.new_organisation()
        self.tokens = {
            "another organisation's player": installation.new_token(elsewhere, "Ada", is_bot=is_bot),
            "a player who isn't in it": installation.new_token(organisation_id, "Eve", is_bot=is_bot),
            "a token that never was": "lip_AbCdEfGh_" + "0" * 43,
        }

    def request(self, method: str, path: str, token: str | None) -> httpx.Response:
        with self.installation.http(token) as http:
            return http.request(method, path.format(**self.names), data={"text": "hi", "level": "1"})


@pytest.fixture(params=["board", "bot"])
def board(installation: ChessInstallation, organisation_id: UUID, request: pytest.FixtureRequest) -> Board:
    is_bot = request.param == "bot"
    pair = Pair(installation, organisation_id, is_bot=is_bot)
    return Board(pair, installation, organisation_id, is_bot=is_bot)


def refusal_of(response: httpx.Response) -> tuple[int, str]:
    body = response.json()
    assert list(body) == ["error"], response.text
    return response.status_code, body["error"]


def test_without_a_valid_token_nothing_is_answered(board: Board) -> None:
    for method, path in ALL:
        assert refusal_of(board.request(method, path, None)) == (401, "Missing authorization header"), path
        wrong = board.request(method, path, board.tokens["a token that never was"])
        assert refusal_of(wrong) == (401, "No such token"), path


@pytest.mark.parametrize("who", ["another organisation's player", "a player who isn't in it"])
def test_games_and_challenges_of_others_are_not_there(board: Board, who: str) -> None:
    for method, path in [*OF_GAMES, *OF_CHALLENGES]:
        status, error = refusal_of(board.request(method, path, board.tokens[who]))
        assert status == 404, (path, error)


def test_another_organisation_sees_no_players_and_no_games(board: Board) -> None:
    # It has a player of the same name, who has played nothing.
    token = board.tokens["another organisation's player"]
    assert refusal_of(board.request("GET", "/api/user/bob", token))[0] == 404
    assert refusal_of(board.request("GET", "/game/export/{game}", token))[0] == 404
    assert refusal_of(board.request("POST", "/api/challenge/bob", token))[0] == 404
    assert board.request("GET", "/api/games/user/ada", token).content == b""
    with board.installation.http(token) as http:
        assert http.post("/api/users", content="bob").json() == []
        assert http.get("/api/users/status", params={"ids": "bob"}).json() == []
        assert http.post("/api/games/export/_ids", content=board.names["game"]).content == b""
        assert [each for each in http.get("/api/bot/online").text.splitlines() if "bob" in each] == []


def test_a_revoked_token_is_refused(installation: ChessInstallation, organisation_id: UUID) -> None:
    token = installation.new_token(organisation_id, "Ada")
    with installation.http(token) as http:
        assert http.get("/api/account").json()["id"] == "ada"
        installation.execute(
            "UPDATE tenancy.credential SET revoked_at = now() WHERE organisation_id = $1", organisation_id
        )
        for method, path in OF_THE_CALLER:
            assert refusal_of(http.request(method, path)) == (401, "No such token"), path
        assert http.post("/api/token/test", content=token).json() == {token: None}


def test_the_api_of_the_other_kind_is_refused(board: Board) -> None:
    other = "board" if board.names["api"] == "bot" else "bot"
    for method, path in OF_GAMES:
        response = board.request(method, path.replace("{api}", other), board.tokens["a player who isn't in it"])
        status, error = refusal_of(response)
        assert status == 400, path
        assert "Bot account" in error
