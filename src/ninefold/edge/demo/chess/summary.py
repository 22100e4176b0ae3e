"""The outcome of `ninefold demo chess`, and how the clients are compared with the log."""

from collections.abc import Mapping, Sequence

import msgspec

from ninefold.edge.demo.chess.client import ChessClient
from ninefold.edge.simulation.clients import Answer
from ninefold.edge.simulation.copies import Entry, LogProof


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


def _find_wrong_answers(message: str, answers: Sequence[Answer], committed: Mapping[str | None, Entry]) -> list[str]:
    problems = []
    if any((answer.status, answer.body) != (answers[0].status, answers[0].body) for answer in answers):
        problems.append(f"{message!r} got different answers.")
    is_move = message.startswith("move")
    result = answers[0].body.get("result")
    if is_move and (result == "committed") != (message in committed):
        problems.append(f"{message!r} was answered as {result}, but that isn't what the log says.")
    return problems
