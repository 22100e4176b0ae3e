"""What `ninefold up` tells the person who started it: the API key on standard output, the rest on standard error."""

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ninefold import __version__
from ninefold.core.commands.output import WIDTH_WITHOUT_TERMINAL
from ninefold.edge.logo import ACCENT, with_logo


def announce_first_start(api_key: str, *, setup_url: str, url: str) -> None:
    """Print the first API key and the set-up link, which are never shown again, and a first request with the key.

    Args:
        api_key: the key.
        setup_url: the link with which a person creates the first account.
        url: the server's address.
    """
    console = _console(is_data=True)
    console.print()
    console.print(Text("This is the first start. Save your API key now: it is shown only once.", style="bold"))
    console.print()
    console.print(Text(f"  {api_key}", style="green"))
    console.print()
    console.print("When the server is ready, try it:")
    console.print()
    console.print(Text(f"  export NINEFOLD_API_KEY={api_key}"))
    console.print(Text(f'  curl -H "Authorization: Bearer $NINEFOLD_API_KEY" {url}/api/v1/subscriptions'))
    console.print()
    console.print("Or create your account, with a link that works once and for seven days:")
    console.print()
    console.print(Text(f"  {setup_url}", style="green"))
    console.print()
    sys.stdout.flush()


def announce_no_accounts() -> None:
    """Say how to create the first account, if the set-up link was not used."""
    _console(is_data=False).print("There are no accounts yet. Create yours: ninefold accounts create you@example.com")


def announce_ready(*, url: str, data_dir: Path, workers: int, banners: Sequence[str] = ()) -> None:
    """Print where Ninefold listens, where its data is, and what systems say about their processes."""
    console = _console(is_data=False)
    console.print()
    lines = [
        Text.assemble((f"Ninefold {__version__}", "bold"), " listens on ", (url, ACCENT)),
        Text(f"Data in {data_dir}, {workers} worker{'' if workers == 1 else 's'}"),
        Text(f"Console at {url}, API documentation at {url}/docs. Press Ctrl-C to stop.", style="dim"),
    ]
    console.print(with_logo(lines), soft_wrap=True)
    for banner in banners:
        console.print(Text(banner, style="dim"))
    console.print()


def announce_stopping() -> None:
    """Say that the stop has begun."""
    _console(is_data=False).print(
        "Stopping: requests and deliveries in progress are finished first. Press Ctrl-C again to stop at once."
    )


def _console(*, is_data: bool) -> Console:
    stream = sys.stdout if is_data else sys.stderr
    width = None if stream.isatty() else WIDTH_WITHOUT_TERMINAL
    return Console(file=stream, width=width, highlight=False, soft_wrap=True)
