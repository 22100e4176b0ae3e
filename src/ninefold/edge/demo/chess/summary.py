"""The outcome of `ninefold demo chess`, and how copies of a log are compared."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from ninefold.edge.demo.chess.client import ChessClient
from ninefold.edge.demo.chess.copies import Entry


class LogProof(msgspec.Struct, frozen=True, kw_only=True):
    """What a log contains, in short."""

    entries: int
    sha256: str
    """Of its entries as JSON with sorted keys, a line each."""


class ChessSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of the demo."""

    is_complete: bool
    winner: str | None
    reason: str
    plies: int
    pgn: str
    placement: str
    last_move: str | None
    logs: dict[str, LogProof]
    """The log that was committed, and the copy of each client."""
    network: dict[str, int]
    killed: list[str]
    pauses_s: list[float]
    """How long after the kill the next move was seen."""
    duration_s: float
    problems: list[str]


def prove(log: Iterable[Entry]) -> LogProof:
    """Return what two equal logs have in common, and different ones haven't."""
    lines = [msgspec.json.encode(entry, order="deterministic") for entry in log]
    return LogProof(entries=len(lines), sha256=hashlib.sha256(b"\n".join(lines)).hexdigest())


def find_problems(log: Sequence[Entry], clients: Mapping[str, ChessClient]) -> list[str]:
    """Return how the clients differ from the log that was committed, one sentence each; nothing if they don't."""
    problems = []
    if [entry["sequence"] for entry in log] != list(range(1, len(log) + 1)):
        problems.append("The log has gaps.")
    committed = {entry.get("client_move_id"): entry for entry in log if entry["type"] == "move"}
    for name, client in clients.items():
        if client.copy.problem is not None:
            problems.append(f"{name}: {client.copy.problem}")
        if client.copy.log != list(log):
            problems.append(f"{name} saw {len(client.copy.log)} entries, which aren't the {len(log)} of the log.")
        for message, answers in client.answers.items():
            problems += [f"{name}: {problem}" for problem in _find_wrong_answers(message, answers, committed)]
    return problems


def _find_wrong_answers(
    message: str, answers: Sequence[Mapping[str, Any]], committed: Mapping[str | None, Entry]
) -> list[str]:
    problems = []
    if any(answer != answers[0] for answer in answers):
        problems.append(f"{message!r} got different answers.")
    is_move = message.startswith("move")
    if is_move and (answers[0]["result"] == "committed") != (message in committed):
        problems.append(f"{message!r} was answered as {answers[0]['result']}, but that isn't what the log says.")
    return problems
