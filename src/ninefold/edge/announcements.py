"""What `ninefold up` tells the person who started it. The key is data, on standard output; the rest is not."""

import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ninefold import __version__
from ninefold.core.commands.output import WIDTH_WITHOUT_TERMINAL
from ninefold.edge.sign import ACCENT, beside_sign


def announce_first_key(api_key: str, *, url: str) -> None:
    """Show the first API key, the only time that anybody sees it, and the first thing to do with it."""
    console = _console(is_data=True)
    console.print()
    console.print(Text("First start: your API key, shown only this once. Keep it.", style="bold"))
    console.print()
    console.print(Text(f"  {api_key}", style="green"))
    console.print()
    console.print("As soon as the server listens:")
    console.print()
    console.print(Text(f"  export NINEFOLD_API_KEY={api_key}"))
    console.print(Text(f'  curl -H "Authorization: Bearer $NINEFOLD_API_KEY" {url}/api/v1/subscriptions'))
    console.print()
    sys.stdout.flush()


def announce_ready(*, url: str, data_dir: Path, workers: int) -> None:
    """Say where Ninefold listens, and where its data is."""
    console = _console(is_data=False)
    console.print()
    lines = [
        Text.assemble((f"Ninefold {__version__}", "bold"), " listens on ", (url, ACCENT)),
        Text(f"Data in {data_dir}, {workers} worker{'' if workers == 1 else 's'}"),
        Text(f"The API's pages are at {url}/docs; Ctrl-C stops it", style="dim"),
    ]
    console.print(beside_sign(lines), soft_wrap=True)
    console.print()


def announce_stopping() -> None:
    """Say that the signal was heard."""
    _console(is_data=False).print("Stopping: finishing what is in flight. Ctrl-C again hurries.")


def _console(*, is_data: bool) -> Console:
    stream = sys.stdout if is_data else sys.stderr
    width = None if stream.isatty() else WIDTH_WITHOUT_TERMINAL
    return Console(file=stream, width=width, highlight=False, soft_wrap=True)
