"""The progress of a demo: what is drawn in place in a terminal, and lines anywhere else."""

import time
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Final, Generic, Protocol, Self, TypeVar

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from ninefold.edge.logo import with_logo

REFRESH_PER_SECOND: Final = 8

T_contra = TypeVar("T_contra", contravariant=True)
T = TypeVar("T")


class Progress(Protocol[T_contra]):
    """Shows the progress of a demo."""

    def say(self, text: str) -> None:
        """Show what is happening now."""
        ...

    def show(self, shown: T_contra) -> None:
        """Show how far the demo has come."""
        ...


class View(Protocol[T_contra]):
    """How a demo shows how far it has come."""

    @property
    def title(self) -> str:
        """What the demo is called."""
        ...

    def draw(self, shown: T_contra, console: Console) -> RenderableType:
        """Return what a terminal shows."""
        ...

    def describe(self, shown: T_contra) -> str | None:
        """Return a line for output that isn't a terminal's; None if there is nothing new to say."""
        ...


def open_progress(console: Console, view: View[T]) -> "AbstractContextManager[Progress[T]]":
    """Return the live view of a terminal, and plain lines for anything else."""
    return LiveView(console, view) if console.is_terminal else PlainLines(console, view)


class LiveView(Generic[T]):
    """What is redrawn in place."""

    def __init__(self, console: Console, view: View[T]) -> None:
        self._console: Final = console
        self._view: Final = view
        self._now = ""
        self._shown: T | None = None
        self._started_at = time.monotonic()
        # It is removed at the end, since the summary replaces it.
        self._live: Final = Live(
            console=console, refresh_per_second=REFRESH_PER_SECOND, get_renderable=self._render, transient=True
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._live.stop()

    def say(self, text: str) -> None:
        """Show what is happening now, above the view."""
        self._now = text

    def show(self, shown: T) -> None:
        """Show how far the demo has come, at the next refresh."""
        self._shown = shown

    def _render(self) -> RenderableType:
        elapsed_s = time.monotonic() - self._started_at
        lines = [Text(self._view.title, style="bold"), Text(self._now), Text(f"{elapsed_s:.0f} s", style="dim")]
        head = with_logo(lines, step=int(elapsed_s * REFRESH_PER_SECOND))
        drawn = Text() if self._shown is None else self._view.draw(self._shown, self._console)
        return Group(Text(), head, Text(), drawn)


class PlainLines(Generic[T]):
    """A line for each step, and for whatever the view describes."""

    def __init__(self, console: Console, view: View[T]) -> None:
        self._console: Final = console
        self._view: Final = view
        self._started_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return

    def say(self, text: str) -> None:
        """Print what is happening now."""
        elapsed_s = time.monotonic() - self._started_at
        self._console.print(f"{elapsed_s:5.1f} s  {text}", soft_wrap=True, highlight=False, markup=False)

    def show(self, shown: T) -> None:
        """Print how far the demo has come, if there is something new to say."""
        if (line := self._view.describe(shown)) is not None:
            self.say(line)


class StepsView:
    """Shows only what a demo says.

    Args:
        title: what the demo is called.
    """

    def __init__(self, title: str) -> None:
        self.title: Final = title

    def draw(self, shown: None, console: Console) -> RenderableType:
        """Return nothing to show."""
        del shown, console
        return Text()

    def describe(self, shown: None) -> str | None:
        """Return that there is nothing to say."""
        del shown
        return None  # the view of another demo returns text.
