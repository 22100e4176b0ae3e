"""How every demo is run: its progress is shown while it lasts, and its summary at the end."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from rich.console import Console

from ninefold.core.commands import print_json
from ninefold.edge.demo.progress import Progress, View, open_progress


class DemoSummary(Protocol):
    """The outcome of a demo."""

    @property
    def is_complete(self) -> bool:
        """Whether it showed what it was to show."""
        ...


T = TypeVar("T")
S = TypeVar("S", bound=DemoSummary)


async def present(
    demonstrate: Callable[[Progress[T]], Awaitable[S]],
    view: View[T],
    *,
    print_summary: Callable[[Console, S], None],
    is_json: bool,
) -> bool:
    """Run a demo and print its summary.

    Args:
        demonstrate: the steps of the demo; it is told where to show its progress.
        view: how the progress is shown.
        print_summary: prints the summary for people.
        is_json: print the summary as JSON on standard output, and progress on standard error.

    Returns:
        Whether the demo showed what it was to show.
    """
    console = Console(stderr=is_json)
    with open_progress(console, view) as progress:
        summary = await demonstrate(progress)
    if is_json:
        print_json(summary)
    else:
        print_summary(console, summary)
    return summary.is_complete
