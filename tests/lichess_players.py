"""Players that use Lichess's API by `berserk`, and what they are told."""

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from chess_installation import ChessInstallation

ARRIVES_WITHIN_S = 30

FOOLS_MATE = ["f2f3", "e7e5", "g2g4", "d8h4"]


class Stream:
    """A stream of the client, read by a thread."""

    def __init__(self, lines: Iterator[Any]) -> None:
        self._lines: queue.Queue[Any] = queue.Queue()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._read, args=(lines,), daemon=True)
        self._thread.start()

    def next(self) -> Any:
        """Return the next line; None at the end."""
        return self._lines.get(timeout=ARRIVES_WITHIN_S)

    def until(self, condition: Callable[[Any], bool]) -> Any:
        """Return the next line that fulfils a condition."""
        while True:
            found = self.next()
            assert found is not None, f"the stream has ended: {self._error!r}"
            if condition(found):
                return found

    def _read(self, lines: Iterator[Any]) -> None:
        try:
            for line in lines:
                self._lines.put(line)
        except Exception as error:  # noqa: BLE001  # a client may fail in any way.
            # An exception in a thread would fail the test that runs by then, which may be another one.
            self._error = error
        finally:
            self._lines.put(None)


class Pair:
    """Two players of an organisation, which listen."""

    def __init__(self, installation: ChessInstallation, organisation_id: UUID, *, is_bot: bool) -> None:
        self.token_of_ada = installation.new_token(organisation_id, "Ada", is_bot=is_bot)
        self.token_of_bob = installation.new_token(organisation_id, "Bob", is_bot=is_bot)
        self.ada = installation.client(self.token_of_ada)
        self.bob = installation.client(self.token_of_bob)
        self.events_of_ada = Stream(self.ada.bots.stream_incoming_events())
        self.events_of_bob = Stream(self.bob.bots.stream_incoming_events())

    def begin(self, **terms: Any) -> str:
        """Have Ada, who plays white, challenge Bob; return the id of the game."""
        options = {"rated": False, "clock_limit": 300, "clock_increment": 0, "color": "white", **terms}
        challenge = self.ada.challenges.create("bob", **options)
        event = self.events_of_bob.until(lambda each: each["type"] == "challenge")
        assert event["challenge"]["id"] == challenge["id"]
        self.bob.challenges.accept(challenge["id"])
        for events in (self.events_of_ada, self.events_of_bob):
            started = events.until(lambda each: each["type"] == "gameStart")
            assert started["game"]["gameId"] == challenge["id"]
        return str(challenge["id"])

    def play(self, game_id: str, moves: list[str]) -> None:
        """Make moves, each of the player whose turn it is."""
        is_bot = self.ada.account.get().get("title") == "BOT"
        for ply, move in enumerate(moves):
            client = self.ada if ply % 2 == 0 else self.bob
            (client.bots if is_bot else client.board).make_move(game_id, move)
