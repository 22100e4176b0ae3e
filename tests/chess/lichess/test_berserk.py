"""`berserk`, Lichess's official client for Python, unmodified: bots and people play whole games."""

import threading
from typing import Any
from uuid import UUID

import berserk
import pytest

from chess_installation import ChessInstallation
from lichess_players import ARRIVES_WITHIN_S, FOOLS_MATE, Pair, Stream


def test_a_whole_game_of_two_bots(bots: Pair) -> None:
    game_id = bots.begin(rated=True)
    streams = [Stream(each.bots.stream_game_state(game_id)) for each in (bots.ada, bots.bob)]
    for stream in streams:
        full = stream.next()
        assert (full["type"], full["white"]["name"], full["black"]["title"]) == ("gameFull", "Ada", "BOT")
        assert (full["clock"], full["state"]["moves"]) == ({"initial": 300_000, "increment": 0}, "")
    for ply, move in enumerate(FOOLS_MATE):
        (bots.ada if ply % 2 == 0 else bots.bob).bots.make_move(game_id, move)
        moves = " ".join(FOOLS_MATE[: ply + 1])
        for stream in streams:
            state = stream.until(lambda each: each["type"] == "gameState")
            assert moves == state["moves"]
    assert (state["status"], state["winner"]) == ("mate", "black")
    assert [stream.next() for stream in streams] == [None, None]
    finished = bots.events_of_ada.until(lambda each: each["type"] == "gameFinish")["game"]
    assert (finished["status"], finished["winner"]) == ({"id": 30, "name": "mate"}, "black")
    assert finished["ratingDiff"] < 0
    pgn = str(bots.ada.games.export(game_id, as_pgn=True))
    assert "1. f3" in pgn
    assert "Qh4# " in pgn
    assert pgn.rstrip().endswith("0-1")


def test_draws_are_offered_and_accepted(people: Pair) -> None:
    game_id = people.begin()
    stream = Stream(people.bob.board.stream_game_state(game_id))
    # What happens before the first line is in it.
    assert stream.next()["type"] == "gameFull"
    people.play(game_id, ["e2e4", "e7e5"])
    people.ada.board.handle_draw_offer(game_id, accept=True)
    stream.until(lambda each: each.get("wdraw"))
    people.bob.board.handle_draw_offer(game_id, accept=False)
    stream.until(lambda each: each["type"] == "gameState" and not each.get("wdraw"))
    people.bob.board.handle_draw_offer(game_id, accept=True)
    people.ada.board.handle_draw_offer(game_id, accept=True)
    end = stream.until(lambda each: each.get("status", "started") != "started")
    assert (end["status"], end.get("winner")) == ("draw", None)


def test_a_takeback(people: Pair) -> None:
    game_id = people.begin()
    stream = Stream(people.bob.board.stream_game_state(game_id))
    # What happens before the first line is in it.
    assert stream.next()["type"] == "gameFull"
    people.play(game_id, ["e2e4", "e7e5", "g1f3"])
    people.ada.board.handle_takeback_offer(game_id, accept=True)
    stream.until(lambda each: each.get("wtakeback"))
    people.bob.board.handle_takeback_offer(game_id, accept=True)
    state = stream.until(lambda each: each.get("moves") == "e2e4 e7e5" and not each.get("wtakeback"))
    assert state["status"] == "started"
    people.ada.board.make_move(game_id, "f1c4")
    stream.until(lambda each: each.get("moves") == "e2e4 e7e5 f1c4")


def test_a_game_is_aborted(bots: Pair) -> None:
    game_id = bots.begin()
    bots.bob.bots.abort_game(game_id)
    finished = bots.events_of_ada.until(lambda each: each["type"] == "gameFinish")
    assert finished["game"]["status"]["name"] == "aborted"


def test_a_game_is_resigned(bots: Pair) -> None:
    game_id = bots.begin()
    bots.play(game_id, ["e2e4", "e7e5"])
    bots.ada.bots.resign_game(game_id)
    finished = bots.events_of_bob.until(lambda each: each["type"] == "gameFinish")
    assert (finished["game"]["status"]["name"], finished["game"]["winner"]) == ("resign", "black")


def test_challenges_are_listed_declined_and_canceled(bots: Pair) -> None:
    challenge = bots.ada.challenges.create("Bob", rated=False)
    assert challenge["timeControl"] == {"type": "unlimited"}
    assert [challenge["id"]] == [each["id"] for each in bots.bob.challenges.get_mine()["in"]]
    bots.bob.challenges.decline(challenge["id"], reason="tooFast")
    declined = bots.events_of_ada.until(lambda each: each["type"] == "challengeDeclined")
    assert declined["challenge"]["declineReasonKey"] == "toofast"

    again = bots.ada.challenges.create("Bob", rated=False, days=3)
    bots.ada.challenges.cancel(again["id"])
    canceled = bots.events_of_bob.until(lambda each: each["type"] == "challengeCanceled")
    assert again["id"] == canceled["challenge"]["id"]
    assert bots.ada.challenges.get_mine() == {"in": [], "out": []}


def test_people_find_each_other_by_seeks(installation: ChessInstallation, organisation_id: UUID) -> None:
    eve, fay = [installation.client(installation.new_token(organisation_id, name)) for name in ("Eve", "Fay")]
    events = Stream(eve.board.stream_incoming_events())
    seeking = threading.Thread(target=lambda: eve.board.seek(5, 3), daemon=True)
    seeking.start()
    fay.board.seek(5, 3)
    game_id = events.until(lambda each: each["type"] == "gameStart")["game"]["gameId"]
    seeking.join(ARRIVES_WITHIN_S)
    assert not seeking.is_alive()
    full = Stream(fay.board.stream_game_state(game_id)).next()
    assert full["clock"] == {"initial": 300_000, "increment": 3_000}


def test_the_account(bots: Pair) -> None:
    account = bots.ada.account.get()
    assert (account["id"], account["username"], account["title"]) == ("ada", "Ada", "BOT")
    perfs: Any = account["perfs"]
    assert perfs["blitz"]["rating"] == 1500
    assert bots.ada.account.get_kid_mode() is False
    assert "prefs" in bots.ada.account.get_preferences()
    assert bots.ada.account.get_email() is None
    assert bots.ada.games.get_ongoing() == []
    assert [each["id"] for each in bots.ada.users.get_by_id("bob", "nobody", "ADA")] == ["bob", "ada"]
    statuses: Any = bots.ada.users.get_realtime_statuses("ada")
    assert statuses[0]["online"] is True


def test_games_are_exported(bots: Pair) -> None:
    game_id = bots.begin()
    bots.play(game_id, FOOLS_MATE)
    as_json: Any = bots.ada.games.export(game_id, as_pgn=False)
    assert (as_json["moves"], as_json["status"], as_json["winner"]) == ("f3 e5 g4 Qh4#", "mate", "black")
    of_bob: list[Any] = list(bots.ada.games.export_by_player("bob", as_pgn=False))
    assert [game_id] == [each["id"] for each in of_bob]
    (pgn,) = bots.ada.games.export_by_player("bob", as_pgn=True, max=1)
    assert f'[GameId "{game_id}"]' in str(pgn)


def test_what_cannot_be_done_says_why(bots: Pair) -> None:
    game_id = bots.begin()
    with pytest.raises(berserk.exceptions.ResponseError) as caught:
        bots.bob.bots.make_move(game_id, "e7e5")
    assert (caught.value.status_code, caught.value.cause) == (400, {"error": "Not your turn, or game already over"})
    with pytest.raises(berserk.exceptions.ResponseError) as caught:
        bots.ada.bots.make_move(game_id, "e2e5")
    assert caught.value.status_code == 400
    with pytest.raises(berserk.exceptions.ResponseError) as caught:
        bots.ada.board.make_move(game_id, "e2e4")
    assert caught.value.status_code == 400


def test_addresses_lead_to_pages_of_the_console(bots: Pair) -> None:
    game_id = bots.begin()
    user: Any = bots.ada.users.get_public_data("bob")
    assert "/chess/players/plr_" in user["url"]
    assert "/chess/games/game_" in user["playing"]
    assert "/chess/games/game_" in str(bots.ada.games.export(game_id, as_pgn=True))
    open_one: Any = bots.ada.challenges.create_open(clock_limit=300, clock_increment=3)
    assert "/chess/join/chal_" in open_one["url"]
    direct: Any = bots.ada.challenges.create("bob", rated=False)
    assert direct["url"].endswith("/chess")
