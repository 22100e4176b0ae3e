"""What all commands share: the client of the HTTP API, and output for people and for programs.

A command takes `api: ApiOptions = FROM_ENVIRONMENT`, opens `api.client()` and decodes the response. It prints the
result with `print_table`, or the response's unchanged JSON with `print_json_text`. It doesn't catch a `NinefoldError`:
the edge converts it into a message on standard error and exit code 1.
"""

from ninefold.core.commands.answers import Limit, print_next_page, print_search_end, show_answer, show_fields
from ninefold.core.commands.client import (
    ApiClient,
    ApiProblemError,
    ApiResponse,
    Page,
    SearchPage,
    TemporaryProblemError,
    encode_body,
)
from ninefold.core.commands.ids import parse_argument_id
from ninefold.core.commands.jobs import await_job, follow_job
from ninefold.core.commands.options import FROM_ENVIRONMENT, ApiOptions, ClientSettings
from ninefold.core.commands.output import (
    as_plain,
    print_fields,
    print_gap,
    print_json,
    print_json_text,
    print_note,
    print_table,
    print_text,
    state_text,
)
from ninefold.core.commands.server_events import ServerEvent

__all__ = [
    "FROM_ENVIRONMENT",
    "ApiClient",
    "ApiOptions",
    "ApiProblemError",
    "ApiResponse",
    "ClientSettings",
    "Limit",
    "Page",
    "SearchPage",
    "ServerEvent",
    "TemporaryProblemError",
    "as_plain",
    "await_job",
    "encode_body",
    "follow_job",
    "parse_argument_id",
    "print_fields",
    "print_gap",
    "print_json",
    "print_json_text",
    "print_next_page",
    "print_note",
    "print_search_end",
    "print_table",
    "print_text",
    "show_answer",
    "show_fields",
    "state_text",
]
