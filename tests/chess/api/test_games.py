"""Games that are really played, by moves through the API."""

from datetime import datetime, timedelta

import pytest

from chess_api import FOOLS_MATE, SCHOLARS_MATE, begin
from http_api import Api, Json


async def test_a_game_is_played_to_mate(api: Api) -> None:
    duel = await begin(api)
    await duel.play(SCHOLARS_MATE)

    game = await duel.show()

    assert (game["status"], game["winner"], game["reason"]) == ("ended", "white", "checkmate")
    assert [move["san"] for move in game["moves"]] == ["e4", "e5", "Qh5", "Nc6", "Bc4", "Nf6", "Qxf7#"]
    assert [event["sequence"] for event in await duel.events()] == [*range(1, 10)]
    assert [event["type"] for event in await duel.events()] == ["started", *["move"] * 7, "ended"]


async def test_the_same_id_gets_the_same_answer(api: Api) -> None:
    duel = await begin(api)
    first = await duel.move("e2e4", client_move_id="one")
    await duel.move("e7e5")

    again = await duel.move("e2e4", ply=1, client_move_id="one")
    illegal = await duel.move("e4e6", ply=3, client_move_id="two")

    assert again == first
    assert (illegal["result"], illegal["reason"]) == ("rejected", "illegal_move")
    assert await duel.move("g1f3", ply=3, client_move_id="two") == illegal


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"ply": 2}, "wrong_ply"),
        ({"colour": "black"}, "not_your_turn"),
        ({"uci": "e2e5"}, "illegal_move"),
    ],
)
async def test_a_wrong_move_is_rejected_with_its_reason(api: Api, fields: dict[str, object], reason: str) -> None:
    duel = await begin(api)

    answer = await duel.move(**{"uci": "e2e4", "ply": 1, "colour": "white", **fields})  # type: ignore[arg-type]  # a table of fields.

    assert (answer["result"], answer["reason"], answer["ply"]) == ("rejected", reason, 0)
    assert len(await duel.events()) == 1


async def test_a_game_shows_what_its_log_says_of_each_move(api: Api) -> None:
    duel = await begin(api)
    await duel.move("e2e4", client_move_id="one", lag_ms=120)
    await duel.move("e7e5", client_move_id="two")

    shown = (await duel.show())["moves"]

    logged = [event for event in await duel.events() if event["type"] == "move"]
    assert [move["client_move_id"] for move in shown] == ["one", "two"]
    for move, event in zip(shown, logged, strict=True):
        assert move["at"] == event["at"]
        assert move["lag_ms"] == event["data"]["claimed_lag_ms"]
        for field in ("ply", "uci", "san", "elapsed_ms", "compensation_ms", "quota_ms", "client_move_id"):
            assert move[field] == event["data"][field], field


async def test_a_rated_game_changes_the_ratings(api: Api) -> None:
    duel = await begin(api, is_rated=True)
    await duel.play(FOOLS_MATE)

    game = await duel.show()

    assert game["winner"] == "black"
    assert game["black"]["rating_change"] > 0 > game["white"]["rating_change"]


async def test_a_taken_back_move_doesnt_count(api: Api) -> None:
    duel = await begin(api)
    await duel.play(["e2e4", "e7e5", "g1f3"])

    await duel.act("white", "offer_takeback")
    await duel.act("black", "accept_takeback")

    game = await duel.show()
    assert [move["uci"] for move in game["moves"]] == ["e2e4", "e7e5"]
    assert (await duel.move("b1c3"))["result"] == "committed"


async def test_pgn_has_the_moves(api: Api) -> None:
    duel = await begin(api)
    await duel.play(FOOLS_MATE)

    response = await api.http.get(f"/api/v1{duel.path}/pgn", headers={"Authorization": f"Bearer {api.api_key}"})

    assert response.text.rstrip().endswith("0-1")
    assert "Qh4#" in response.text


async def test_a_game_says_until_when_the_turn_can_last(api: Api) -> None:
    duel = await begin(api)
    first = await duel.show()

    assert timedelta(seconds=25) == _until_deadline(first, since=first["created_at"])
    await duel.play(["e2e4", "e7e5"])
    game = await duel.show()
    # The limit, and the grace.
    assert timedelta(seconds=180.2) == _until_deadline(game, since=game["moves"][-1]["at"])
    await duel.act("white", "resign")
    assert (await duel.show())["deadline_at"] is None


def _until_deadline(game: Json, *, since: str) -> timedelta:
    return datetime.fromisoformat(game["deadline_at"]) - datetime.fromisoformat(since)
