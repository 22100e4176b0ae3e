"""Ctrl-C while an answer is generated: the first one stops the answer, a second one leaves."""

import signal
import threading
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Final, Self

from ninefold.core.commands import ApiClient, TemporaryProblemError
from ninefold.core.errors import UnavailableError
from ninefold.systems.assistant.commands.answers import ResponseAnswer

RETRY_S: Final = 0.5


class StopOnInterrupt:
    """For the time of a `with` block, the first SIGINT cancels a response, and the second raises `KeyboardInterrupt`.

    What the response has then is read from its log as usual, so that what is shown is exactly what is kept.

    Args:
        client: of the server.
        response: what is cancelled.
    """

    def __init__(self, client: ApiClient, response: ResponseAnswer) -> None:
        self.was_asked = False
        """Whether somebody has pressed Ctrl-C."""
        self._client = client
        self._path = f"/api/v1/assistant/responses/{response.response_id}/cancel"
        self._is_over = threading.Event()
        self._before: signal.Handlers | None = None

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._on_interrupt)  # type: ignore[assignment]  # never None here.
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_over.set()
        signal.signal(signal.SIGINT, self._before)

    def _on_interrupt(self, _: int, __: FrameType | None) -> None:
        if self.was_asked:
            raise KeyboardInterrupt
        self.was_asked = True
        # The main thread is reading the log, and goes on with that.
        threading.Thread(target=self._cancel, daemon=True).start()

    def _cancel(self) -> None:
        """Cancel the response; while the server doesn't answer, try again."""
        while not self._is_over.is_set():
            # A second Ctrl-C closes the client, which `httpx` says by a RuntimeError.
            with suppress(UnavailableError, TemporaryProblemError, RuntimeError):
                self._client.post(self._path)
                return
            self._is_over.wait(RETRY_S)
