"""Logs: one JSON object per line on standard error, from Ninefold's code and from libraries that use `logging`.

A module has a logger, and logs events by name:

    log = structlog.get_logger(__name__)
    log.info("webhooks.delivery.failed", delivery_id="dlv_01m8…", attempt=3, duration_ms=12)

Frequent events are logged in batches: one call with a struct for each line:

    class DeliveryLine(msgspec.Struct, frozen=True):
        delivery_id: str

    log.info("webhooks.delivery.delivered", each=[DeliveryLine("dlv_01m8…"), DeliveryLine("dlv_01m9…")])

Events are named `system.noun.past_participle`. Never log payloads or secrets. What looks like a secret is masked before
it is written, but only as a safety net (`masking`).
"""

import logging
import os
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

import msgspec
import structlog
from structlog.typing import ExcInfo

from ninefold.core.telemetry.buffer import LogBuffer
from ninefold.core.telemetry.masking import LineMask, mask_secrets
from ninefold.core.tenancy.kinds import CredentialKind

Level: TypeAlias = Literal["debug", "info", "warning", "error"]
Format: TypeAlias = Literal["json", "console"]

EACH: Final = "each"
"""The key whose value is a list of `msgspec.Struct`; the call writes a line for each of them."""

_STANDARD_ERROR: Final = 2

_NOISY_LIBRARIES: Final = ("asyncio", "httpx", "httpcore")
"""Their debug and info messages repeat what Ninefold's own events say."""


def configure_logging(
    level: Level = "info",
    log_format: Format = "json",
    *,
    process: str,
    credential_kinds: Iterable[CredentialKind] = (),
    descriptor: int = _STANDARD_ERROR,
) -> LogBuffer:
    """Set up logging for this process. Call it once, before the first log line.

    Args:
        level: the lowest level that is logged.
        log_format: `json` for machines, `console` for people.
        process: the kind of this process, such as `server` or `worker`; it is in every line.
        credential_kinds: the kinds of the systems, whose texts are masked. API keys always are.
        descriptor: the file descriptor to write to.

    Returns:
        The buffer of the lines; it is flushed regularly and at exit.
    """
    buffer = LogBuffer(descriptor)
    mask = LineMask(credential_kinds)
    render = _JsonRenderer(process, mask) if log_format == "json" else _ConsoleRenderer(mask)
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            mask_secrets,
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=lambda *_: _BufferedLogger(buffer),
        cache_logger_on_first_use=True,
    )
    _redirect_standard_logging(threshold)
    return buffer


class _JsonRenderer:
    """Renders an event as one line of JSON: time, level, event, process and pid, then the event's other keys."""

    def __init__(self, process: str, mask: LineMask) -> None:
        self._process = process
        self._mask = mask
        self._encoder = msgspec.json.Encoder(enc_hook=str)

    def __call__(self, _: Any, level: str, event: MutableMapping[str, Any]) -> bytes:
        name, rows = event.pop("event", None), event.pop(EACH, None)
        line = {
            "time": datetime.now(UTC),
            "level": "error" if level == "exception" else level,
            "event": name,
            "process": self._process,
            "pid": os.getpid(),
            **event,
        }
        encoded = self._encode(line)
        if rows is not None:
            # All lines start with the same text (`{"time":…,"pid":7`), and then have their own (`,"attempt":1}`).
            common = encoded[:-1] + b","
            encoded = b"\n".join([common + self._encoder.encode(row)[1:] for row in rows])
        return self._mask(encoded) + b"\n"

    def _encode(self, line: Mapping[str, Any]) -> bytes:
        try:
            return self._encoder.encode(line)
        except (TypeError, ValueError):
            # A key isn't text, or a text isn't valid Unicode. Logging must not fail, so all is converted to text.
            return self._encoder.encode({str(key): _as_text(value) for key, value in line.items()})


class _ConsoleRenderer:
    """Renders an event as a line for people, coloured if standard error is a terminal."""

    def __init__(self, mask: LineMask) -> None:
        self._mask = mask
        self._stamp = structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
        self._render = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )

    def __call__(self, logger: Any, level: str, event: MutableMapping[str, Any]) -> bytes:
        rows = event.pop(EACH, None)
        event["level"] = "error" if level == "exception" else level
        self._stamp(logger, level, event)
        # As in JSON, a field without a value is left out.
        events = [event] if rows is None else [{**event, **msgspec.to_builtins(row)} for row in rows]
        lines = "\n".join([self._render(logger, level, line) for line in events])
        return self._mask(lines.encode(errors="backslashreplace")) + b"\n"


class _BufferedLogger:
    """The logger that structlog calls with each rendered line; each level is a method."""

    def __init__(self, buffer: LogBuffer) -> None:
        self._buffer = buffer

    def debug(self, line: bytes) -> None:
        self._buffer.write(line, is_urgent=False)

    def warning(self, line: bytes) -> None:
        self._buffer.write(line, is_urgent=True)

    info = debug
    warn = error = exception = critical = fatal = warning


class _StandardLibraryHandler(logging.Handler):
    """Passes the log records of libraries to structlog, so that all lines have the same format."""

    def __init__(self) -> None:
        super().__init__()
        self._log = structlog.get_logger()

    def emit(self, record: logging.LogRecord) -> None:
        exception: ExcInfo | None = record.exc_info if record.exc_info and record.exc_info[0] else None
        context = {"exc_info": exception} if exception else {}
        try:
            self._log.log(record.levelno, record.getMessage(), logger=record.name, **context)
        except Exception:  # noqa: BLE001  # logging must never break the code that logs.
            self.handleError(record)


def _redirect_standard_logging(threshold: int) -> None:
    root = logging.getLogger()
    root.handlers[:] = [_StandardLibraryHandler()]
    root.setLevel(threshold)
    for name in _NOISY_LIBRARIES:
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))
    logging.captureWarnings(capture=True)


def _as_text(value: object) -> object:
    if value is None or isinstance(value, int | float | datetime):
        return value
    return str(value).encode(errors="backslashreplace").decode()
