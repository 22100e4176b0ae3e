from collections.abc import Sequence

import pytest

from ninefold.systems.workflows.commands.runner import split_labels


@pytest.mark.parametrize(
    ("given", "labels"),
    [((), ()), (("gpu", "large"), ("gpu", "large")), (("gpu, large", "x,"), ("gpu", "large", "x"))],
)
def test_labels_are_given_one_by_one_or_with_commas(given: Sequence[str], labels: tuple[str, ...]) -> None:
    assert split_labels(given) == labels
