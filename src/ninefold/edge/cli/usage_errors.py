"""How a wrong use of the command line is shown."""

from cyclopts import CycloptsError, CycloptsPanel, MissingArgumentError
from rich.panel import Panel


def format_usage_error(error: CycloptsError) -> Panel:
    """Return a usage error for people. A missing argument is named as the help names it."""
    if isinstance(error, MissingArgumentError) and (missing := _missing_argument(error)):
        return CycloptsPanel(f"`ninefold {' '.join(error.command_chain or ())}` needs {missing}; see --help.")
    return CycloptsPanel(error)


def _missing_argument(error: MissingArgumentError) -> str | None:
    """Return the argument that wasn't given at all; None for an option that was given without a value."""
    argument = error.argument
    if argument is None or error.keyword is not None or argument.tokens:
        return None
    if argument.field_info.is_positional:
        return f"the argument {argument.name.removeprefix('--').upper()}"
    name, *others = argument.names
    return f"{name} ({', '.join(others)})" if others else name
