"""Glicko-2, the rating system of Mark Glickman: http://www.glicko.net/glicko/glicko2.pdf (2013).

The step numbers are those of the paper. Each game is rated on its own, when it ends. Between games, the deviation grows
with the time that has passed, in fractions of a rating period.
"""

import math
from typing import Final

import msgspec

TAU: Final = 0.75
"""How much volatility changes."""
SCALE: Final = 173.7178
"""Points of the shown scale for one of the paper's internal scale."""
CENTRE: Final = 1500.0
PERIODS_PER_DAY: Final = 0.21436
"""Rating periods that pass in a day."""
DEVIATION_MIN: Final = 45.0
DEVIATION_MAX: Final = 500.0
PROVISIONAL_DEVIATION: Final = 110.0
"""With a larger deviation, a rating is shown as provisional."""
DIFFERENCE_MAX: Final = 700.0
"""By how much one game can change a rating."""
RATING_MIN: Final = 400.0
RATING_MAX: Final = 4000.0

_PRECISION: Final = 1e-6
_ITERATIONS_MAX: Final = 1_000


class Strength(msgspec.Struct, frozen=True):
    """A rating with its uncertainty, on the scale that people see."""

    rating: float = 1500.0
    deviation: float = 500.0
    volatility: float = 0.09

    @property
    def is_provisional(self) -> bool:
        """Whether it is still uncertain."""
        return self.deviation >= PROVISIONAL_DEVIATION


START: Final = Strength()
"""What everybody begins with."""


class Result(msgspec.Struct, frozen=True):
    """A game against an opponent."""

    opponent: Strength
    score: float
    """1 for a win, 0.5 for a draw, 0 for a loss."""


def rate_game(player: Strength, opponent: Strength, *, score: float, days: float) -> Strength:
    """Return what the result of one game makes of a player's strength.

    Args:
        player: before the game, as it was when it was rated last.
        opponent: before the game.
        score: 1 for a win, 0.5 for a draw, 0 for a loss.
        days: since the player's strength was rated last.
    """
    rated = rate(player, [Result(opponent, score)], periods=max(0.0, days) * PERIODS_PER_DAY)
    change = min(max(rated.rating - player.rating, -DIFFERENCE_MAX), DIFFERENCE_MAX)
    return Strength(
        rating=min(max(player.rating + change, RATING_MIN), RATING_MAX),
        deviation=min(max(rated.deviation, DEVIATION_MIN), DEVIATION_MAX),
        volatility=min(rated.volatility, 0.1),
    )


def rate(player: Strength, results: list[Result], *, periods: float = 1.0) -> Strength:
    """Return a player's strength after results that all are of one period (steps 2 to 8), without any limits.

    Args:
        player: before the results.
        results: at least one.
        periods: how many rating periods the player's deviation has grown for; the paper has 1.
    """
    mu, phi = (player.rating - CENTRE) / SCALE, player.deviation / SCALE
    inverse_variance = improvement = 0.0
    for result in results:
        weight = _g(result.opponent.deviation / SCALE)
        expected = 1 / (1 + math.exp(-weight * (mu - (result.opponent.rating - CENTRE) / SCALE)))
        inverse_variance += weight**2 * expected * (1 - expected)
        improvement += weight * (result.score - expected)
    variance = 1 / inverse_variance
    sigma = _new_volatility(player.volatility, phi, variance, variance * improvement)
    phi_before = math.sqrt(phi**2 + periods * sigma**2)
    new_phi = 1 / math.sqrt(1 / phi_before**2 + inverse_variance)
    return Strength(
        rating=CENTRE + SCALE * (mu + new_phi**2 * improvement), deviation=SCALE * new_phi, volatility=sigma
    )


def _g(phi: float) -> float:
    """Return the weight of a result against an opponent with this deviation (step 3)."""
    return 1 / math.sqrt(1 + 3 * phi**2 / math.pi**2)


def _new_volatility(sigma: float, phi: float, variance: float, delta: float) -> float:
    """Return the volatility after the results, by the Illinois algorithm (step 5)."""
    start = math.log(sigma**2)

    def f(x: float) -> float:
        grown = phi**2 + variance + math.exp(x)
        return math.exp(x) * (delta**2 - grown) / (2 * grown**2) - (x - start) / TAU**2

    low = start
    if delta**2 > phi**2 + variance:
        high = math.log(delta**2 - phi**2 - variance)
    else:
        steps = 1
        while f(start - steps * TAU) < 0:
            steps += 1
        high = start - steps * TAU
    f_low, f_high = f(low), f(high)
    for _ in range(_ITERATIONS_MAX):
        if abs(high - low) <= _PRECISION:
            break
        middle = low + (low - high) * f_low / (f_high - f_low)
        f_middle = f(middle)
        if f_middle * f_high <= 0:
            low, f_low = high, f_high
        else:
            f_low /= 2
        high, f_high = middle, f_middle
    return math.exp(low / 2)
