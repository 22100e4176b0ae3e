import pytest

from ninefold.systems.assistant.rules.shares import asker_places_max, organisation_places_max


@pytest.mark.parametrize(
    ("concurrency", "organisation", "asker"),
    [(1, 1, 1), (2, 1, 1), (3, 2, 1), (4, 3, 2), (8, 6, 5), (64, 48, 36)],
)
def test_some_places_are_kept_for_others(concurrency: int, organisation: int, asker: int) -> None:
    assert organisation_places_max(concurrency) == organisation
    assert asker_places_max(concurrency) == asker
