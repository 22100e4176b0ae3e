"""The Prometheus metrics of chess. Servers count moves, workers what they end in time, and both the games that end."""

from datetime import datetime, timedelta
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from ninefold.systems.chess.model import Answer, Game

MOVES: Final = Counter(
    "ninefold_chess_moves_total", "Answers to moves, by result and by the reason of a rejection.", ["result", "reason"]
)
MOVE_SECONDS: Final = Histogram(
    "ninefold_chess_move_seconds",
    "Time from when the server had read a move until its answer was committed.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
ENDED: Final = Counter(
    "ninefold_chess_games_ended_total", "Games that have ended, by reason and speed.", ["reason", "speed"]
)
UNFINISHED: Final = Gauge(
    "ninefold_chess_games_unfinished",
    "Games that haven't ended, counted up to 100,000.",
    multiprocess_mode="livemostrecent",
)
SEEKS: Final = Gauge(
    "ninefold_chess_seeks_open", "Open seeks, counted up to 100,000.", multiprocess_mode="livemostrecent"
)
FLAG_DELAY: Final = Histogram(
    "ninefold_chess_flag_delay_seconds",
    "How long after a player's time was up a worker ended the game.",
    buckets=(0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30, 60),
)
ADJUSTED: Final = Counter("ninefold_chess_clocks_adjusted_total", "Games whose clocks were put off by an outage.")


def count_move(answer: Answer, *, took: timedelta) -> None:
    """Update the metrics with the answer to a move, after its commit; a repeated move counts again."""
    MOVES.labels(answer.result, answer.reason or "").inc()
    MOVE_SECONDS.observe(took.total_seconds())


def count_ended(game: Game) -> None:
    """Update the metrics with a game that has just ended, after the commit."""
    ENDED.labels("" if game.reason is None else game.reason.value, game.speed.value).inc()


def count_flag(*, deadline_at: datetime, now: datetime) -> None:
    """Update the metrics with a game that a worker has ended, because its deadline was over."""
    FLAG_DELAY.observe((now - deadline_at).total_seconds())
