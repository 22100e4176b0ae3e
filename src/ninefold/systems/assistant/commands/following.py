"""Follows the log of a response over its live channel, exactly: nothing is missing or twice after a lost connection."""

import time
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from ninefold.core.commands import ApiClient, TemporaryProblemError
from ninefold.core.errors import NotFoundError, UnavailableError
from ninefold.systems.assistant.commands.answers import LogEntry, ResponseAnswer
from ninefold.systems.assistant.rules.events import ENDS

RETRY_DELAYS_S: Final = (0.2, 0.5, 1.0, 2.0)
"""Before the next attempts to connect; the last one also before all that follow."""

RETRY_FOR_S: Final = 120.0
"""How long a server that doesn't answer is waited for."""

FROM_BEGINNING: Final = "0"


class LogMissingError(NotFoundError):
    """The server can't continue the log where this command has read it so far."""

    code = "log_missing"
    title = "Log missing"


class _Subscribed(msgspec.Struct, frozen=True):
    recovered: bool


def follow_response(
    client: ApiClient,
    response: ResponseAnswer,
    *,
    on_lost: Callable[[], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[LogEntry]:
    """Yield the events of a response from the first to the last, each once.

    Args:
        client: of the server.
        response: which one.
        on_lost: called when the connection is lost, or can't be made, before the next attempt.
        sleep: waits some seconds.

    Raises:
        ApiProblemError: the server refuses.
        LogMissingError: the log, or a part of it, was deleted.
        UnavailableError: the server hasn't answered for two minutes.
    """
    last_id, failures, lost_at = FROM_BEGINNING, 0, 0.0
    while True:
        try:
            for event in client.events(f"/api/v1/live/{response.live_channel}", last_id=last_id):
                failures = 0
                if event.name == "subscribed":
                    _check_complete(event.data)
                elif not event.name:
                    entry = msgspec.json.decode(event.data, type=LogEntry)
                    last_id = event.event_id
                    yield entry
                    if entry.type in ENDS:
                        return
        except (UnavailableError, TemporaryProblemError):
            lost_at = lost_at if failures else time.monotonic()
            if time.monotonic() - lost_at > RETRY_FOR_S:
                raise
        on_lost()
        sleep(RETRY_DELAYS_S[min(failures, len(RETRY_DELAYS_S) - 1)])
        failures += 1


def _check_complete(data: str) -> None:
    if not msgspec.json.decode(data, type=_Subscribed).recovered:
        raise LogMissingError(
            "The log of this answer isn't there any more.",
            remedy="`ninefold chat` shows the text of the last answer, if the conversation is still there.",
        )
