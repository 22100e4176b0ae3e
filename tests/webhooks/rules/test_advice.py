"""Advice: whatever can go wrong with an attempt has its remedy."""

import pytest

from ninefold.core.egress import ERROR_CLASSES, InvalidTargetError
from ninefold.systems.webhooks.rules.advice import advise

COURIERS_OWN = {"unsuccessful_status", InvalidTargetError.code}


def test_success_needs_no_advice() -> None:
    assert advise(None) is None


@pytest.mark.parametrize("error_class", sorted(ERROR_CLASSES | COURIERS_OWN))
def test_every_error_class_has_advice_of_its_own(error_class: str) -> None:
    advice = advise(error_class)

    assert advice is not None
    assert advice != advise("a class that a later version wrote")
    assert advice.endswith(" Then retry the delivery.")


def test_no_two_error_classes_share_their_advice() -> None:
    advice = [advise(error_class) for error_class in ERROR_CLASSES | COURIERS_OWN]

    assert len(advice) == len(set(advice))


def test_an_error_class_of_a_later_version_still_says_what_can_be_done() -> None:
    assert advise("unheard_of") == "Then retry the delivery."
