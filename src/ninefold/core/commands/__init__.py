"""What every command shares: the client of the HTTP API, and output for people and for machines.

A command takes `api: ApiOptions = FROM_ENVIRONMENT`, opens `api.client()`, and hands the result to
`print_json` or `print_table`. It lets a `NinefoldError` pass: the edge turns it into one message on standard
error and exit code 1.
"""

from ninefold.core.commands.client import ApiClient
from ninefold.core.commands.options import FROM_ENVIRONMENT, ApiOptions, ClientSettings
from ninefold.core.commands.output import print_fields, print_json, print_note, print_table, state_text

__all__ = [
    "FROM_ENVIRONMENT",
    "ApiClient",
    "ApiOptions",
    "ClientSettings",
    "print_fields",
    "print_json",
    "print_note",
    "print_table",
    "state_text",
]
