"""The command line `ninefold`: its page of contents, and what becomes of an error.

A command's module is imported when the command runs, so that help is quick. Systems bring their own commands along in
their wiring; these are loaded unless the first word already names one of the edge's.
"""

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
_LOOK_AFTER: Final = cyclopts.Group("Look after", sort_key=2)
_USE: Final = cyclopts.Group("Use", sort_key=3)
_HELP: Final = cyclopts.Group("Help", sort_key=4)

_COMMANDS: Final = {
    "up": (_RUN, "Run Ninefold on this machine until Ctrl-C: PostgreSQL, server and workers."),
    "demo": (_RUN, "Deliver real webhooks in front of your eyes, in a folder of its own."),
    "serve": (_RUN, "Run only the HTTP server, against NINEFOLD_DATABASE_URL."),
    "worker": (_RUN, "Run only a worker, against NINEFOLD_DATABASE_URL."),
    "migrate": (_LOOK_AFTER, "Bring the database to this version."),
    "doctor": (_LOOK_AFTER, "Say what is wrong with this machine or a setting, and how to mend it."),
    "organisations": (_LOOK_AFTER, "Create and list organisations, whom everything belongs to."),
    "keys": (_LOOK_AFTER, "Create, list and revoke API keys."),
    "jobs": (_LOOK_AFTER, "List, retry and cancel durable jobs: work that workers do in the background."),
}


def main() -> None:
    """Run the command that the arguments name, and end the process with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Returns:
        The exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
    """
    try:
        build_app(with_systems=_needs_systems(arguments))(arguments, result_action="return_value")
    except NinefoldError as error:
        print_error(error)
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough; the interpreter must not complain about it while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else EXIT_FAILED
    return 0


def build_app(*, with_systems: bool = True) -> cyclopts.App:
    """Return the whole command line, or the edge's own part of it."""
    app = cyclopts.App(
        name="ninefold",
        help="Back-end systems that product teams keep rebuilding, as one service of your own.",
        version=__version__,
        help_format="plaintext",
        error_console=Console(stderr=True),
        error_formatter=format_usage_error,
    )
    app["--help"].group = app["--version"].group = _HELP
    for name, (group, text) in _COMMANDS.items():
        app.command(f"ninefold.edge.cli.{name}:{name}", name=name, group=group, help=text)
    if with_systems:
        from ninefold.edge.systems import SYSTEMS  # noqa: PLC0415 - costs most of the start, and few need it.

        for system in SYSTEMS:
            for command in system.commands:
                command.group = _USE
                app.command(command)
    return app


def print_error(error: NinefoldError) -> None:
    """Say on standard error what happened, to what, and what to do."""
    from ninefold.core.commands import as_plain  # noqa: PLC0415 - costs half of the start, and help needs none of it.

    console = Console(stderr=True, highlight=False)
    # Words of a server, or of whoever wrote a payload, may be in it.
    console.print(Text.assemble(("✗ ", "red"), as_plain(error.detail, has_lines=True)), soft_wrap=True)
    if error.remedy:
        console.print(Text(f"  {as_plain(error.remedy, has_lines=True)}"), soft_wrap=True)


def _needs_systems(arguments: Sequence[str]) -> bool:
    return not arguments or arguments[0] not in {*_COMMANDS, "--version"}
