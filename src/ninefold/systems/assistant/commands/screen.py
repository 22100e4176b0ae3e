"""Shows an answer while it is generated: its text as it comes, and below it a line with its state, while it waits."""

import shutil
import sys
import threading
import time
from types import TracebackType
from typing import Final, Self

from ninefold.core.commands import as_plain, print_note
from ninefold.systems.assistant.commands.answers import LogEntry
from ninefold.systems.assistant.rules.events import CONTINUED, IN_PROGRESS, QUEUED, STALLED, TEXT_DELTA

QUIET_S: Final = 2.0
"""After so many seconds without a token, the time is shown."""

TICK_S: Final = 0.5

CONNECTION_LOST: Final = "the server doesn't answer; trying again"

_ORDINALS: Final = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_CONTINUED: Final = {
    "worker_lost": "continuing after a restart",
    "engine_failed": "continuing after the engine failed",
    "engine_stalled": "continuing after the engine stalled",
}

# Moves down and up again, so that there is a line below even at the bottom, then saves the position.
_BELOW: Final = "\x1bD\x1b[A\x1b7\r\n\x1b[2m"
_BACK: Final = "\x1b[0m\x1b8"
_ERASE: Final = "\x1b[J"


def describe_state(entry: LogEntry) -> str | None:
    """Return what an event says about the state of an answer, in words; empty if it goes on, None if nothing."""
    if entry.type == QUEUED:
        place = entry.position
        return (
            f"{_ORDINALS[place - 1]} in the queue" if 1 <= place <= len(_ORDINALS) else f"number {place} in the queue"
        )
    if entry.type == IN_PROGRESS:
        return "waiting for the first token"
    if entry.type == CONTINUED:
        return _CONTINUED.get(entry.reason, "continuing")
    return "" if entry.type == TEXT_DELTA else None


class Screen:
    """Writes an answer to standard output, for the time of a `with` block.

    In a terminal, the state is a line below the text that is overwritten. Elsewhere, what people should know is a line
    on standard error.

    Args:
        shows_text: whether the text is written; otherwise only its state.
    """

    def __init__(self, *, shows_text: bool = True) -> None:
        self.text = ""
        """What was shown."""
        self._shows_text = shows_text
        self._is_terminal = sys.stdout.isatty() and shows_text
        self._state = ""
        self._since_s = time.monotonic()
        self._is_line_shown = False
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._ticking = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Self:
        if self._is_terminal:
            self._ticking.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._is_terminal:
            self._ticking.join()
        with self._lock:
            self._erase()
            if self._shows_text and self.text and not self.text.endswith("\n"):
                self._write("\n")

    def show(self, entry: LogEntry) -> None:
        """Show what an event says."""
        if entry.type == STALLED and not self._is_terminal:
            print_note("No token has come for some seconds.")
        state = describe_state(entry)
        if state is not None:
            self.say(state, entry.delta)

    def say(self, state: str, text: str = "") -> None:
        """Show a state until the next one, and more of the text."""
        with self._lock:
            is_news = state != self._state and state in {*_CONTINUED.values(), CONNECTION_LOST}
            self._state, self._since_s = state, self._since_s if state == self._state and not text else time.monotonic()
            self._erase()
            self.text += text
            if self._shows_text:
                self._write(as_plain(text, has_lines=True))
            self._draw()
        if is_news and not self._is_terminal:
            print_note(f"{state[0].upper()}{state[1:]}.")

    def _tick(self) -> None:
        while not self._ended.wait(TICK_S):
            with self._lock:
                self._erase()
                self._draw()

    def _draw(self) -> None:
        """Write the state below the text, if there is something to say."""
        quiet_s = time.monotonic() - self._since_s
        words = [self._state] if self._state else []
        if quiet_s >= QUIET_S:
            words.append(f"{quiet_s:.0f} s" if self._state else f"no token for {quiet_s:.0f} s")
        if not words or not self._is_terminal:
            return
        width = shutil.get_terminal_size().columns - 1
        self._write(f"{_BELOW}{'◦ ' + ' · '.join(words):.{width}}{_BACK}")
        self._is_line_shown = True

    def _erase(self) -> None:
        if self._is_line_shown:
            self._write(_ERASE)
            self._is_line_shown = False

    @staticmethod
    def _write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()
