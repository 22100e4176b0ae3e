"""`ninefold workflows log JOB`."""

import sys
import time
from typing import Annotated, Final

import msgspec
from cyclopts import Parameter

from ninefold.core.commands import FROM_ENVIRONMENT, ApiOptions, parse_argument_id
from ninefold.systems.workflows.commands.local.printing import without_controls
from ninefold.systems.workflows.model.runs import JOB_PREFIX

PAGE_LINES: Final = 1_000
POLL_S: Final = 0.5
"""Seconds between two looks at a log that is followed."""

_LEFT_OUT: Final = "##[endgroup]"
_MARKS: Final = {
    "##[group]": "▸ ",
    "##[error]": "Error: ",
    "##[warning]": "Warning: ",
    "##[notice]": "Notice: ",
    "##[debug]": "",
    "##[command]": "",
    "[command]": "",
}
"""What lines begin with, and what people see instead."""


class LogLineAnswer(msgspec.Struct, frozen=True):
    """A line of a job's log."""

    line: int
    step: int
    at: str
    text: str


class LogAnswer(msgspec.Struct, frozen=True):
    """Some lines of a job's log."""

    items: list[LogLineAnswer]
    is_complete: bool
    last_line: int


def show_log(
    job_id: str,
    *,
    follow: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """Print the log of a job.

    Args:
        job_id: The job's id, such as wjob_01h455vb4pex5vsknk084sn02q.
        follow: Go on with new lines until the job has ended.
        api: The server and API key to use; with JSON, an object is printed for each line.
    """
    parse_argument_id(JOB_PREFIX, job_id, shown_by="ninefold workflows runs jobs RUN")
    position = 0
    with api.client() as client:
        while True:
            page = client.get(f"/api/v1/workflows/jobs/{job_id}/log", after=position, limit=PAGE_LINES).read(LogAnswer)
            for line in page.items:
                _print(line, has_json=api.json)
                position = line.line
            sys.stdout.flush()
            if position >= page.last_line and (page.is_complete or not follow):
                return
            if not page.items:
                time.sleep(POLL_S)


def _print(line: LogLineAnswer, *, has_json: bool) -> None:
    if has_json:
        sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    elif line.text != _LEFT_OUT:
        mark = next((each for each in _MARKS if line.text.startswith(each)), "")
        text = _MARKS.get(mark, "") + line.text.removeprefix(mark)
        sys.stdout.write(without_controls(text, has_styles=sys.stdout.isatty()) + "\n")
