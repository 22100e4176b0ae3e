"""The server is killed while clients stream: what it answered is there, and clients go on where they were."""

from chess_installation import ChessInstallation
from lichess_players import FOOLS_MATE, Pair, Stream


def test_a_game_goes_on_after_the_server_was_killed(bots: Pair, installation: ChessInstallation) -> None:
    game_id = bots.begin()
    before = Stream(bots.bob.bots.stream_game_state(game_id))
    assert before.next()["type"] == "gameFull"
    bots.play(game_id, FOOLS_MATE[:2])
    before.until(lambda each: each.get("moves") == " ".join(FOOLS_MATE[:2]))

    installation.kill_server()

    while before.next() is not None:
        """The stream ends, instead of being silent."""
    ada, bob = [installation.client(token) for token in (bots.token_of_ada, bots.token_of_bob)]
    events = Stream(bob.bots.stream_incoming_events())
    assert events.next()["game"]["gameId"] == game_id
    after = Stream(bob.bots.stream_game_state(game_id))
    full = after.next()
    assert (full["type"], full["state"]["moves"]) == ("gameFull", " ".join(FOOLS_MATE[:2]))
    ada.bots.make_move(game_id, FOOLS_MATE[2])
    bob.bots.make_move(game_id, FOOLS_MATE[3])
    state = after.until(lambda each: each.get("status") == "mate")
    assert (state["moves"], state["winner"]) == (" ".join(FOOLS_MATE), "black")
    assert events.until(lambda each: each["type"] == "gameFinish")["game"]["gameId"] == game_id
