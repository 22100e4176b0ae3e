"""Portable Game Notation: a game as text, and back."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from ninefold.systems.chess.errors import InvalidFenError, InvalidPgnError
from ninefold.systems.chess.model import START_FEN
from ninefold.systems.chess.rules.position import PLIES_MAX, IllegalMoveError, Position

LINE_LENGTH_MAX: Final = 80
PGN_LENGTH_MAX: Final = 200_000
RESULTS: Final = ("1-0", "0-1", "1/2-1/2", "*")

_TAG: Final = re.compile(r'^\[(?P<name>[A-Za-z0-9_]+) "(?P<value>(?:[^"\\\n]|\\.)*)"\]\s*$', re.MULTILINE)
_COMMENT: Final = re.compile(r"\{[^}]*\}|;[^\n]*")
_NUMBER: Final = re.compile(r"^[0-9]+\.*")
_MS_PER_DECISECOND: Final = 100


class PgnMove(NamedTuple):
    """A move to write."""

    san: str
    clock_ms: int | None = None
    """What the player had left after it."""


class PgnGame(NamedTuple):
    """A game that was read."""

    tags: Mapping[str, str]
    initial_fen: str
    moves: Sequence[str]
    """As UCI."""
    result: str


def write_pgn(tags: Mapping[str, str], moves: Sequence[PgnMove], *, result: str, initial_fen: str = START_FEN) -> str:
    """Return a game as PGN in its export format.

    Args:
        tags: the tags besides `Result`, `SetUp` and `FEN`, in their order.
        moves: the moves.
        result: one of `RESULTS`.
        initial_fen: the position to begin with.
    """
    pairs = {**tags, "Result": result}
    if initial_fen != START_FEN:
        pairs |= {"SetUp": "1", "FEN": initial_fen}
    head = "".join(f'[{name} "{_escape(value)}"]\n' for name, value in pairs.items())
    return f"{head}\n{_wrap([*_movetext(moves, initial_fen), result])}\n"


def write_moves(moves: Sequence[PgnMove], *, initial_fen: str = START_FEN) -> str:
    """Return moves with their numbers, in lines of at most `LINE_LENGTH_MAX` characters."""
    return _wrap(_movetext(moves, initial_fen))


def read_pgn(text: str) -> PgnGame:
    """Return the game of a PGN text; comments, variations and annotations are skipped.

    Raises:
        InvalidPgnError: it isn't one game, or a move isn't legal.
    """
    if len(text) > PGN_LENGTH_MAX:
        raise _invalid(f"It is longer than {PGN_LENGTH_MAX} characters.")
    tags = {match["name"]: _unescape(match["value"]) for match in _TAG.finditer(text)}
    initial_fen = tags.get("FEN", START_FEN)
    try:
        position = Position.parse(initial_fen)
    except InvalidFenError as error:
        raise _invalid(error.detail) from error
    moves: list[str] = []
    result = "*"
    for token in _tokens(_TAG.sub("", text)):
        if token in RESULTS:
            result = token
            break
        if len(moves) == PLIES_MAX:
            raise _invalid(f"It has more than {PLIES_MAX} plies.")
        try:
            moves.append(position.read_san(token))
        except IllegalMoveError as error:
            raise _invalid(f"Ply {len(moves) + 1}: {error}") from error
        position = position.play(moves[-1])
    return PgnGame(tags=tags, initial_fen=initial_fen, moves=moves, result=result)


def _movetext(moves: Sequence[PgnMove], initial_fen: str) -> list[str]:
    fields = initial_fen.split(" ")
    number, is_white = int(fields[5]), fields[1] == "w"
    tokens: list[str] = []
    for index, move in enumerate(moves):
        if is_white or index == 0 or moves[index - 1].clock_ms is not None:
            tokens.append(f"{number}." if is_white else f"{number}...")
        tokens.append(move.san)
        if move.clock_ms is not None:
            tokens += ["{", f"[%clk {_clock(move.clock_ms)}]", "}"]
        number += not is_white
        is_white = not is_white
    return tokens


def _clock(clock_ms: int) -> str:
    deciseconds = clock_ms // _MS_PER_DECISECOND
    seconds, tenth = divmod(deciseconds, 10)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}.{tenth}"


def _wrap(tokens: Sequence[str]) -> str:
    lines = [""]
    for token in tokens:
        if lines[-1] and len(lines[-1]) + 1 + len(token) > LINE_LENGTH_MAX:
            lines.append(token)
        else:
            lines[-1] = f"{lines[-1]} {token}".lstrip()
    return "\n".join(lines)


def _tokens(movetext: str) -> list[str]:
    tokens, depth = [], 0
    for word in re.findall(r"[()]|[^\s()]+", _COMMENT.sub(" ", movetext)):
        if word in "()":
            depth = max(0, depth + (1 if word == "(" else -1))
        elif depth == 0 and not word.startswith("$"):
            token = word if word in RESULTS else _NUMBER.sub("", word)
            if token:
                tokens.append(token)
    return tokens


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")


def _unescape(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value)


def _invalid(why: str) -> InvalidPgnError:
    return InvalidPgnError(f"This isn't a game in Portable Game Notation. {why}", field="pgn")
