"""Logs: one JSON object a line on standard error, for our own code and for libraries that use `logging`.

A module has a logger, and names what happened:

    log = structlog.get_logger(__name__)
    log.info("webhooks.delivery.failed", delivery_id="dlv_01m8…", attempt=3, duration_ms=12)

What happens by the thousand is logged in one call, with a struct for each line:

    class DeliveryLine(msgspec.Struct, frozen=True):
        delivery_id: str

    log.info("webhooks.delivery.delivered", each=[DeliveryLine("dlv_01m8…"), DeliveryLine("dlv_01m9…")])

Events are named `system.noun.past_participle`. No payloads and no secrets: what looks like one is masked on
its way out, as a last resort and not as a permission.
"""

import logging
import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

import msgspec
import structlog
from structlog.typing import ExcInfo

from ninefold.core.telemetry.buffer import LogBuffer

Level: TypeAlias = Literal["debug", "info", "warning", "error"]
Format: TypeAlias = Literal["json", "console"]

MASK: Final = "[masked]"

SECRET_KEYS: Final = frozenset(
    {
        "api_key",
        "authorization",
        "cookie",
        "password",
        "payload",
        "private_key",
        "secret",
        "token",
    }
)
"""Names whose values never reach the log."""

EACH: Final = "each"
"""The name whose value is a list of `msgspec.Struct`, one for each line that the call is to make."""

_STANDARD_ERROR: Final = 2

_SECRET_FORMS: Final = re.compile(
    rb"(?P<api_key>nfk_[A-Za-z0-9]{4,16}_)[A-Za-z0-9_-]+"
    rb"|(?P<signing_secret>whs(?:ec|k)_)[A-Za-z0-9+/=_-]+"
    rb"|(?P<address>://[^\s/:@\"']*:)[^\s/@\"']+(?=@)"
)

_NOISY_LIBRARIES: Final = ("asyncio", "httpx", "httpcore")
"""They tell at debug and info what our own events already say."""


def configure_logging(
    level: Level = "info",
    log_format: Format = "json",
    *,
    process: str,
    descriptor: int = _STANDARD_ERROR,
) -> LogBuffer:
    """Set up logging for this process, once, before the first line.

    Args:
        level: what is less than this is not logged.
        log_format: `json` for machines, `console` for people.
        process: what kind of process this is, such as `server` or `worker`; stands in each line.
        descriptor: where lines go.

    Returns:
        The buffer that lines pass through; it writes itself out regularly and at exit.
    """
    buffer = LogBuffer(descriptor)
    render = _JsonRenderer(process) if log_format == "json" else _ConsoleRenderer()
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
    _take_over_standard_logging(threshold)
    return buffer


def mask_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the values of `SECRET_KEYS`, as a structlog processor."""
    for key in SECRET_KEYS & event.keys():
        event[key] = MASK
    return event


def mask_secret_forms(line: bytes) -> bytes:
    """Replace what has the form of one of our keys or secrets, or of a password in an address."""
    if b"nfk_" in line or b"whsec_" in line or b"whsk_" in line or b"://" in line:
        return _SECRET_FORMS.sub(_mask_match, line)
    return line


def _mask_match(match: re.Match[bytes]) -> bytes:
    kept: bytes = match[match.lastgroup or 0]
    return kept + MASK.encode()


class _JsonRenderer:
    """Turns an event into one line of JSON: when, how grave, what, by whom, then the rest as it was given."""

    def __init__(self, process: str) -> None:
        self._process = process
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
            # The lines differ from their first field of their own on: `{"time":…,"pid":7` and `,"attempt":1}`.
            common = encoded[:-1] + b","
            encoded = b"\n".join([common + self._encoder.encode(row)[1:] for row in rows])
        return mask_secret_forms(encoded) + b"\n"

    def _encode(self, line: Mapping[str, Any]) -> bytes:
        try:
            return self._encoder.encode(line)
        except (TypeError, ValueError):
            # A key that isn't text, or text that isn't Unicode: a log line may look odd but never fails.
            return self._encoder.encode({str(key): _as_text(value) for key, value in line.items()})


class _ConsoleRenderer:
    """Turns an event into a line for people, coloured where standard error is a terminal."""

    def __init__(self) -> None:
        self._stamp = structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
        self._render = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )

    def __call__(self, logger: Any, level: str, event: MutableMapping[str, Any]) -> bytes:
        rows = event.pop(EACH, None)
        event["level"] = "error" if level == "exception" else level
        self._stamp(logger, level, event)
        # As in JSON, a field that has no value isn't shown.
        events = [event] if rows is None else [{**event, **msgspec.to_builtins(row)} for row in rows]
        lines = "\n".join([self._render(logger, level, line) for line in events])
        return mask_secret_forms(lines.encode(errors="backslashreplace")) + b"\n"


class _BufferedLogger:
    """What structlog calls with a finished line, by the name of its level."""

    def __init__(self, buffer: LogBuffer) -> None:
        self._buffer = buffer

    def debug(self, line: bytes) -> None:
        self._buffer.write(line, is_urgent=False)

    def warning(self, line: bytes) -> None:
        self._buffer.write(line, is_urgent=True)

    info = debug
    warn = error = exception = critical = fatal = warning


class _StandardLibraryHandler(logging.Handler):
    """Hands what libraries log to structlog, so that all lines look alike."""

    def __init__(self) -> None:
        super().__init__()
        self._log = structlog.get_logger()

    def emit(self, record: logging.LogRecord) -> None:
        exception: ExcInfo | None = record.exc_info if record.exc_info and record.exc_info[0] else None
        context = {"exc_info": exception} if exception else {}
        try:
            self._log.log(record.levelno, record.getMessage(), logger=record.name, **context)
        except Exception:  # noqa: BLE001  # logging may never break what it tells about.
            self.handleError(record)


def _take_over_standard_logging(threshold: int) -> None:
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
