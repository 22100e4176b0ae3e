"""A chess engine for tests, which speaks UCI and plays the first legal move at once; it needs no installed program."""

import shlex
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PROGRAM = """import sys
from pathlib import Path

import rust_chess

folder = Path(sys.argv[0]).parent
for line in sys.stdin:
    words = line.split()
    if words[0] == "uci":
        with (folder / "starts").open("a") as starts:
            starts.write("started\\n")
        print("uciok", flush=True)
    elif words[0] == "isready":
        print("readyok", flush=True)
    elif words[0] == "position":
        board = rust_chess.Board(" ".join(words[2:8]))
        for move in words[9:]:
            board.make_move(rust_chess.Move.from_uci(move))
    elif words[0] == "go":
        if (folder / "die").exists():
            (folder / "die").unlink()
            sys.exit(1)
        print("bestmove", min(move.get_uci() for move in board.generate_legal_moves()), flush=True)
"""


def write_program(path: Path, code: str) -> None:
    """Write a Python program that can be executed."""
    source = path.with_suffix(".py")
    source.write_text(code)
    # A `#!` line can't have the path of Python, which may have spaces.
    path.write_text(f"#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(source))}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


class EngineProgram:
    """The program in a folder of its own.

    Args:
        folder: an empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "engine"
        self._folder = folder
        write_program(self.path, _PROGRAM)

    @property
    def starts(self) -> int:
        """How often it was started."""
        starts = self._folder / "starts"
        return len(starts.read_text().splitlines()) if starts.exists() else 0

    def die_once(self) -> None:
        """Make it end instead of answering the next time."""
        (self._folder / "die").touch()

    @contextmanager
    def removed(self) -> Iterator[None]:
        """Let it not be there for the time of a `with` block."""
        elsewhere = self.path.rename(self._folder / "elsewhere")
        try:
            yield
        finally:
            elsewhere.rename(self.path)
