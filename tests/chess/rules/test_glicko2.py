"""Glicko-2, checked against the example of the paper."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.chess.rules import glicko2
from ninefold.systems.chess.rules.glicko2 import START, Result, Strength, rate, rate_game

STRENGTHS = st.builds(
    Strength,
    rating=st.floats(glicko2.RATING_MIN, glicko2.RATING_MAX),
    deviation=st.floats(glicko2.DEVIATION_MIN, glicko2.DEVIATION_MAX),
    volatility=st.floats(0.01, 0.1),
)


def test_the_example_of_the_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    """http://www.glicko.net/glicko/glicko2.pdf, "Example calculation", with its τ of 0.5."""
    monkeypatch.setattr(glicko2, "TAU", 0.5)

    rated = rate(
        Strength(1500, 200, 0.06),
        [
            Result(Strength(1400, 30, 0.06), 1),
            Result(Strength(1550, 100, 0.06), 0),
            Result(Strength(1700, 300, 0.06), 0),
        ],
    )

    assert rated.rating == pytest.approx(1464.06, abs=0.02)
    assert rated.deviation == pytest.approx(151.52, abs=0.02)
    assert rated.volatility == pytest.approx(0.05999, abs=0.00001)


@given(STRENGTHS, STRENGTHS, st.sampled_from([0, 0.5, 1]), st.floats(0, 4_000))
def test_ratings_stay_within_their_bounds(player: Strength, opponent: Strength, score: float, days: float) -> None:
    rated = rate_game(player, opponent, score=score, days=days)

    assert glicko2.RATING_MIN <= rated.rating <= glicko2.RATING_MAX
    assert glicko2.DEVIATION_MIN <= rated.deviation <= glicko2.DEVIATION_MAX
    assert abs(rated.rating - player.rating) <= glicko2.DIFFERENCE_MAX + 1e-6
    assert 0 < rated.volatility <= 0.1


@given(STRENGTHS, STRENGTHS)
def test_a_win_never_lowers_and_a_loss_never_raises_a_rating(player: Strength, opponent: Strength) -> None:
    assert rate_game(player, opponent, score=1, days=0).rating >= player.rating
    assert rate_game(player, opponent, score=0, days=0).rating <= player.rating


def test_equal_players_who_draw_keep_their_ratings() -> None:
    assert rate_game(START, START, score=0.5, days=0).rating == pytest.approx(START.rating)


def test_a_long_absence_makes_a_rating_less_certain() -> None:
    player = Strength(1600, 60, 0.06)

    soon, late = [rate_game(player, player, score=0.5, days=days).deviation for days in (0, 1_000)]

    assert soon < late


def test_a_rating_is_provisional_until_enough_games_were_played() -> None:
    player, games = START, 0
    while player.is_provisional:
        player, games = rate_game(player, Strength(1500, 60, 0.06), score=games % 2, days=1), games + 1

    assert 5 <= games <= 20
