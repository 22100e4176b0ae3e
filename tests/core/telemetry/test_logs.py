"""Logs that a program writes to standard error, read by another process."""

import subprocess
import sys
from typing import Any

import msgspec
import pytest

TIMEOUT_S = 30.0


def run(program: str, *, level: str = "info", log_format: str = "json") -> list[str]:
    """Run lines of Python after `configure_logging`; return the lines on standard error."""
    setup = f"""
import logging, os, warnings
import structlog
from ninefold.core.telemetry.logs import configure_logging
log = structlog.get_logger(__name__)
configure_logging({level!r}, {log_format!r}, process="worker")
"""
    finished = subprocess.run(
        [sys.executable, "-c", setup + program], capture_output=True, check=True, text=True, timeout=TIMEOUT_S
    )
    assert finished.stdout == ""
    return finished.stderr.splitlines()


def run_json(program: str, *, level: str = "info") -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in run(program, level=level)]


def test_a_line_has_time_level_event_process_and_pid() -> None:
    (line,) = run_json("log.info('webhooks.delivery.failed', attempt=3)")

    assert list(line) == ["time", "level", "event", "process", "pid", "attempt"]
    assert line["time"].endswith("Z")
    assert line["level"] == "info"
    assert line["event"] == "webhooks.delivery.failed"
    assert line["process"] == "worker"
    assert line["attempt"] == 3


def test_buffered_lines_are_written_when_the_process_ends() -> None:
    lines = run_json("[log.info('a.b.done', number=number) for number in range(1000)]")

    assert [line["number"] for line in lines] == list(range(1000))


def test_a_warning_is_written_even_if_the_process_dies_immediately_after() -> None:
    (first, second) = run_json("log.info('a.b.one'); log.warning('a.b.two'); os._exit(0)")

    assert (first["event"], second["event"]) == ("a.b.one", "a.b.two")


def test_lines_below_the_level_are_not_written() -> None:
    lines = run_json(
        "log.debug('a.b.c'); log.info('a.b.d'); log.warning('a.b.e'); logging.getLogger('x').info('y')",
        level="warning",
    )

    assert [line["event"] for line in lines] == ["a.b.e"]


@pytest.mark.parametrize("key", ["api_key", "secret", "authorization", "payload", "password", "token"])
def test_secrets_are_masked_by_key(key: str) -> None:
    (line,) = run_json(f"log.info('a.b.c', {key}='hunter2')")

    assert line[key] == "[masked]"


def test_a_traceback_is_logged_without_the_secret_in_it() -> None:
    (line,) = run_json(
        """
try:
    raise ValueError("bad key nfk_AbC123xy_abcDEF123")
except ValueError:
    log.exception("a.b.failed")
"""
    )

    assert line["level"] == "error"
    assert "ValueError: bad key nfk_AbC123xy_[masked]" in line["exception"]


def test_credentials_of_the_systems_are_masked() -> None:
    program = f"""
import re
from ninefold.core.tenancy.kinds import CredentialKind, random_text
kind = CredentialKind(
    name="bot_token", label="bot token", id_prefix="bot", remedy="",
    new_text=lambda: "xoxb-" + random_text(8) + "-" + random_text(24),
    pattern=re.compile("(?P<prefix>xoxb-[A-Za-z0-9]{{8}})-[A-Za-z0-9]{{24}}"),
)
configure_logging("info", "json", process="worker", credential_kinds=[kind])
log = structlog.get_logger("again")
log.info("a.b.c", url="/api?t=xoxb-AbC123xy-{"s" * 24}")
"""
    (line,) = run_json(program)

    assert line["url"] == "/api?t=xoxb-AbC123xy[masked]"


def test_libraries_and_warnings_are_logged_in_the_same_format() -> None:
    first, second = run_json(
        """
logging.getLogger("some.library").warning("slow: %d ms", 12)
warnings.warn("old", stacklevel=1)
"""
    )

    assert (first["level"], first["event"], first["logger"]) == ("warning", "slow: 12 ms", "some.library")
    assert second["logger"] == "py.warnings"
    assert "UserWarning: old" in second["event"]


def test_the_exception_of_a_library_is_logged_with_its_traceback() -> None:
    (line,) = run_json(
        """
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("some.library").exception("failed")
"""
    )

    assert "ZeroDivisionError" in line["exception"]


def test_a_value_without_a_json_type_is_logged_as_text() -> None:
    (line,) = run_json("log.info('a.b.c', error=ValueError('why'), odd='\\ud800', path=os.path)")

    assert line["error"] == "why"
    assert line["odd"] == "\\ud800"


def test_bound_context_is_in_every_line() -> None:
    (line,) = run_json("structlog.contextvars.bind_contextvars(request_id='req_1'); log.info('a.b.c')")

    assert line["request_id"] == "req_1"


def test_a_malformed_library_call_does_not_break_the_program() -> None:
    lines = run("logging.getLogger('x').warning('%d', 'not a number'); log.info('a.b.c')")

    assert '"event":"a.b.c"' in lines[-1]


def test_the_console_format_is_not_json() -> None:
    (line,) = run("log.info('a.b.c', attempt=3, secret='hunter2')", log_format="console")

    assert "a.b.c" in line
    assert "attempt=3" in line
    assert "hunter2" not in line
    assert "{" not in line


EACH_PROGRAM = """
import msgspec
class Line(msgspec.Struct, omit_defaults=True):
    number: int
    detail: str | None = None
log.info("a.b.done", each=[Line(1, "whsec_c2VjcmV0"), Line(2, "ä"), Line(3)], worker="w")
"""


def test_one_call_writes_a_line_for_each_struct() -> None:
    lines = run_json(EACH_PROGRAM)

    assert [(line["event"], line["worker"], line["number"], line.get("detail")) for line in lines] == [
        ("a.b.done", "w", 1, "whsec_[masked]"),
        ("a.b.done", "w", 2, "ä"),
        ("a.b.done", "w", 3, None),
    ]


def test_one_call_writes_a_line_for_each_struct_in_the_console_format() -> None:
    lines = run(EACH_PROGRAM, log_format="console")

    assert [line.split("number=")[1][0] for line in lines] == ["1", "2", "3"]
    assert "c2VjcmV0" not in lines[0]
    assert ["detail=" in line for line in lines] == [True, True, False]


def test_batches_are_filtered_by_level() -> None:
    assert run_json(EACH_PROGRAM, level="warning") == []
