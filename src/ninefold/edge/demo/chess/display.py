"""What `ninefold demo chess` shows: the board while it is played, and at the end the board, the PGN and the proof."""

import time
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Final, Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ninefold.core.commands import as_plain
from ninefold.edge.demo.chess.board import draw_board
from ninefold.edge.demo.chess.copies import GameCopy
from ninefold.edge.demo.chess.network import Network
from ninefold.edge.demo.chess.summary import ChessSummary
from ninefold.edge.logo import with_logo

REFRESH_PER_SECOND: Final = 8
MOVES_SHOWN: Final = 8
_COUNTED: Final = ("sent", "lost", "late", "duplicated", "sent again", "froze")


class Progress(Protocol):
    """Shows the progress of the demo."""

    def say(self, text: str) -> None:
        """Show what is happening now."""
        ...

    def show(self, copy: GameCopy, network: Network) -> None:
        """Show the game as a copy has it, and what the network has done."""
        ...


def open_progress(console: Console) -> "AbstractContextManager[Progress]":
    """Return a live board for a terminal, and plain lines for anything else."""
    return LiveBoard(console) if console.is_terminal else PlainLines(console)


class LiveBoard:
    """A board that is redrawn in place."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._now = ""
        self._shown: tuple[GameCopy, Network] | None = None
        self._started_at = time.monotonic()
        # The board is removed at the end, since the summary has it too.
        self._live = Live(
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
        """Show what is happening now, above the board."""
        self._now = text

    def show(self, copy: GameCopy, network: Network) -> None:
        """Show the game at the next refresh."""
        self._shown = (copy, network)

    def _render(self) -> RenderableType:
        elapsed_s = time.monotonic() - self._started_at
        lines = [Text("Ninefold demo: chess", style="bold"), Text(self._now), Text(f"{elapsed_s:.0f} s", style="dim")]
        head = with_logo(lines, step=int(elapsed_s * REFRESH_PER_SECOND))
        return Group(Text(), head, Text(), self._game())

    def _game(self) -> RenderableType:
        if self._shown is None:
            return Text()
        copy, network = self._shown
        last_move = copy.moves[-1] if copy.moves else None
        is_plain = self._console.color_system is None
        counts = (Text(f"{network.counts[name]:5} {name}", style="dim") for name in _COUNTED)
        side = [*(Text(line) for line in _last_moves(copy)), Text(), *counts]
        grid = Table.grid(padding=(0, 4, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True)
        grid.add_row(draw_board(copy.position.placement, last_move=last_move, is_plain=is_plain), Text("\n").join(side))
        return grid


class PlainLines:
    """A line for each step, and one for each full move."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started_at = time.monotonic()
        self._plies_shown = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return

    def say(self, text: str) -> None:
        """Print what is happening now."""
        elapsed_s = time.monotonic() - self._started_at
        self._console.print(f"{elapsed_s:5.1f} s  {text}", soft_wrap=True, highlight=False)

    def show(self, copy: GameCopy, network: Network) -> None:
        """Print the last moves, after every second one."""
        if len(copy.moves) >= self._plies_shown + 2:
            self._plies_shown = len(copy.moves)
            self.say(f"{_last_moves(copy)[-1]}   ({_counts(network)})")


def print_summary(console: Console, summary: ChessSummary) -> None:
    """Print the board, the PGN, and whether all had the same log."""
    console.print()
    console.print(draw_board(summary.placement, last_move=summary.last_move, is_plain=console.color_system is None))
    console.print()
    console.print(Text(as_plain(summary.pgn, has_lines=True)))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("who")
    table.add_column("entries", justify="right")
    table.add_column("SHA-256 of the log", no_wrap=True)
    for name, proof in summary.logs.items():
        table.add_row(name, str(proof.entries), proof.sha256[:32])
    console.print(table)
    console.print()
    counts = ", ".join(f"{summary.network.get(name, 0)} {name}" for name in _COUNTED)
    console.print(
        Text(f"Messages on the network: {counts}. Reconnected {summary.network.get('reconnected', 0)} times.")
    )
    for pause_s in summary.pauses_s:
        console.print(Text(f"Killed {', '.join(summary.killed)}; the game went on {pause_s:.1f} s later."))
    console.print(_verdict(summary))


def _verdict(summary: ChessSummary) -> Text:
    if summary.is_complete:
        return Text.assemble(
            ("✓ ", "green"),
            f"{summary.plies} plies in {summary.duration_s:.1f} s, and all three saw exactly the committed log.\n"
            "  No entry is missing, none came twice, and every move that was answered as committed is in it.",
        )
    lines = [f"\n  {problem}" for problem in summary.problems]
    return Text.assemble(("✗ ", "red"), "The copies aren't as they should be.", *lines)


def _last_moves(copy: GameCopy) -> list[str]:
    sans = [entry["san"] for entry in copy.log if entry["type"] == "move"]
    pairs = [f"{at // 2 + 1:3}. {' '.join(f'{san:8}' for san in sans[at : at + 2])}" for at in range(0, len(sans), 2)]
    return pairs[-MOVES_SHOWN:]


def _counts(network: Network) -> str:
    return ", ".join(f"{network.counts[name]} {name}" for name in _COUNTED[:-1])
