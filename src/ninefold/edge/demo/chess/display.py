"""What `ninefold demo chess` shows: the board while it is played, and at the end the board, the PGN and the proof."""

from typing import Final, NamedTuple

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from ninefold.core.commands import as_plain
from ninefold.edge.demo.chess.board import draw_board
from ninefold.edge.demo.chess.copies import GameCopy
from ninefold.edge.demo.chess.summary import ChessSummary
from ninefold.edge.simulation.network import Network

MOVES_SHOWN: Final = 8
_COUNTED: Final = ("sent", "lost", "late", "duplicated", "sent again", "froze")


class Watched(NamedTuple):
    """What is shown while the game is played."""

    copy: GameCopy
    network: Network


class GameView:
    """The board with the last moves in a terminal, and a line for each full move elsewhere."""

    title: Final = "Ninefold demo: chess"

    def __init__(self) -> None:
        self._plies_described = 0

    def draw(self, shown: Watched, console: Console) -> RenderableType:
        """Return the board, with the last moves and what the network has done next to it."""
        copy, network = shown
        last_move = copy.moves[-1] if copy.moves else None
        is_plain = console.color_system is None
        counts = (Text(f"{network.counts[name]:5} {name}", style="dim") for name in _COUNTED)
        side = [*(Text(line) for line in _last_moves(copy)), Text(), *counts]
        grid = Table.grid(padding=(0, 4, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True)
        grid.add_row(draw_board(copy.position.placement, last_move=last_move, is_plain=is_plain), Text("\n").join(side))
        return grid

    def describe(self, shown: Watched) -> str | None:
        """Return the last moves, after every second one."""
        if len(shown.copy.moves) < self._plies_described + 2:
            return None
        self._plies_described = len(shown.copy.moves)
        return f"{_last_moves(shown.copy)[-1]}   ({_counts(shown.network)})"


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
