"""What every command shares: the client of the HTTP API, and output for people and for machines.

A command takes `api: ApiOptions = FROM_ENVIRONMENT`, opens `api.client()`, reads from the answer what it needs, and
hands that to `print_table`, or the answer's own bytes to `print_json_text`. It lets a `NinefoldError` pass: the edge
turns it into one message on standard error and exit code 1.
"""

from ninefold.core.commands.client import Answer, ApiClient, Page, encode_body
from ninefold.core.commands.ids import parse_argument_id
from ninefold.core.commands.options import FROM_ENVIRONMENT, ApiOptions, ClientSettings
from ninefold.core.commands.output import (
    as_plain,
    print_fields,
    print_gap,
    print_json,
    print_json_text,
    print_note,
    print_table,
    state_text,
)

__all__ = [
    "FROM_ENVIRONMENT",
    "Answer",
    "ApiClient",
    "ApiOptions",
    "ClientSettings",
    "Page",
    "as_plain",
    "encode_body",
    "parse_argument_id",
    "print_fields",
    "print_gap",
    "print_json",
    "print_json_text",
    "print_note",
    "print_table",
    "state_text",
]
