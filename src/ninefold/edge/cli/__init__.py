"""The command line `ninefold`: the list of its commands, and how errors are shown.

A command's module is imported when the command runs, so that help is fast. Each system lists its own commands in its
wiring. They are loaded unless the first argument names one of the edge's commands.
"""

import gc
import os
import sys
from collections.abc import Sequence
from typing import Final

import cyclopts
from rich.console import Console
from rich.text import Text

from ninefold import __version__
from ninefold.core.errors import NinefoldError
from ninefold.edge.cli.usage_errors import format_usage_error

EXIT_FAILED: Final = 1
EXIT_INTERRUPTED: Final = 130
"""128 + SIGINT, as shells expect it."""

_RUN: Final = cyclopts.Group("Run", sort_key=1)
_ADMINISTER: Final = cyclopts.Group("Administer", sort_key=2)
_USE: Final = cyclopts.Group("Use", sort_key=3)
_HELP: Final = cyclopts.Group("Help", sort_key=4)

_COMMANDS: Final = {
    "up": (_RUN, "Run Ninefold on this machine until Ctrl-C: PostgreSQL, server and workers."),
    "demo": (_RUN, "Watch real webhooks being delivered by a temporary installation."),
    "serve": (_RUN, "Run only the HTTP server, on the database at NINEFOLD_DATABASE_URL."),
    "worker": (_RUN, "Run only a worker, on the database at NINEFOLD_DATABASE_URL."),
    "process": (_RUN, "Run only one process that a system adds, such as the assistant's engine."),
    "migrate": (_ADMINISTER, "Migrate the database to this version."),
    "doctor": (_ADMINISTER, "Check this machine and its settings, and say how to fix what is wrong."),
    "secrets": (_ADMINISTER, "List, replace and remove the keys that seal secrets."),
    "organisations": (_ADMINISTER, "Create and list organisations."),
    "accounts": (_ADMINISTER, "Create, list and disable accounts of people, and reset their passwords."),
    "keys": (_ADMINISTER, "Create, list and revoke API keys."),
    "audit-log": (_ADMINISTER, "List who changed what, when and from where."),
    "jobs": (_ADMINISTER, "List, pause, cancel and retry durable jobs, the background work of workers."),
}


_GARBAGE_THRESHOLD: Final = 50_000
"""New objects before the cycle collector runs. With Python's 700, it takes a fifth of the start of a process, in which
all modules are imported and all routes are built, and finds nothing."""


def main() -> None:
    """Run the command that is named by the arguments, and exit with its exit code."""
    gc.set_threshold(_GARBAGE_THRESHOLD)
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Returns:
        The exit code: 0 for success, 1 for failure, 2 for wrong usage, 130 if interrupted.
    """
    try:
        build_app(with_systems=_needs_systems(arguments))(arguments, result_action="return_value")
    except NinefoldError as error:
        print_error(error)
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has closed it. Without this, the interpreter would report an error at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else EXIT_FAILED
    return 0


def build_app(*, with_systems: bool = True) -> cyclopts.App:
    """Return the whole command line, or only the edge's own commands."""
    app = cyclopts.App(
        name="ninefold",
        help="Back-end systems that product teams keep rebuilding, as one self-hosted service.",
        version=__version__,
        help_format="plaintext",
        error_console=Console(stderr=True),
        error_formatter=format_usage_error,
    )
    app["--help"].group = app["--version"].group = _HELP
    for name, (group, text) in _COMMANDS.items():
        module = name.replace("-", "_")
        app.command(f"ninefold.edge.cli.{module}:{module}", name=name, group=group, help=text)
    if with_systems:
        from ninefold.edge.systems import SYSTEMS  # noqa: PLC0415 - it takes most of the start, and few commands need it.

        for system in SYSTEMS:
            for command in system.commands:
                command.group = _USE
                app.command(command)
    return app


def print_error(error: NinefoldError) -> None:
    """Print on standard error what went wrong and what to do."""
    from ninefold.core.commands import as_plain  # noqa: PLC0415 - it takes half of the start, and help doesn't need it.

    console = Console(stderr=True, highlight=False)
    # The text can come from a server or from a payload.
    console.print(Text.assemble(("✗ ", "red"), as_plain(error.detail, has_lines=True)), soft_wrap=True)
    if error.remedy:
        console.print(Text(f"  {as_plain(error.remedy, has_lines=True)}"), soft_wrap=True)


def _needs_systems(arguments: Sequence[str]) -> bool:
    return not arguments or arguments[0] not in {*_COMMANDS, "--version"}
