"""Advice: every error class of an attempt has a remedy."""

import pytest

from ninefold.core.egress import ERROR_CLASSES, InvalidTargetError
from ninefold.systems.webhooks.model import PauseReason, WaitingReason
from ninefold.systems.webhooks.rules.advice import advise, advise_on_pause

COURIERS_OWN = {"unsuccessful_status", InvalidTargetError.code}


def test_success_has_no_advice() -> None:
    assert advise(None) is None


@pytest.mark.parametrize("error_class", sorted(ERROR_CLASSES | COURIERS_OWN))
def test_every_error_class_has_advice(error_class: str) -> None:
    advice = advise(error_class)

    assert advice is not None
    assert advice != advise("a class that a later version wrote")
    assert advice.endswith(" Then retry the delivery.")


def test_no_two_error_classes_have_the_same_advice() -> None:
    advice = [advise(error_class) for error_class in ERROR_CLASSES | COURIERS_OWN]

    assert len(advice) == len(set(advice))


def test_an_unknown_error_class_has_general_advice() -> None:
    assert advise("unheard_of") == "Then retry the delivery."


def test_a_redirect_has_its_own_advice() -> None:
    advice = advise("unsuccessful_status", response_status=308)

    assert advice is not None
    assert "redirects" in advice
    assert advise("unsuccessful_status", response_status=500) == advise("unsuccessful_status") != advice


def test_no_advice_presumes_a_cause_that_the_error_does_not_show() -> None:
    assert "crash" not in str(advise("connection_closed"))
    assert "http and https" in str(advise("connection_closed"))
    assert "certificate" not in str(advise("tls_not_spoken"))


def test_each_reason_of_a_pause_has_its_own_advice_which_says_how_to_resume() -> None:
    advice = [advise_on_pause(reason) for reason in PauseReason]

    assert len(advice) == len(set(advice))
    assert all("set is_active to true" in text for text in advice)


def test_each_reason_to_wait_has_its_own_advice() -> None:
    advice = {advise(None, waiting_reason=reason) for reason in WaitingReason}

    assert None not in advice
    assert len(advice) == len(WaitingReason)


@pytest.mark.parametrize("error_class", sorted(ERROR_CLASSES | COURIERS_OWN))
def test_what_waits_for_a_receiver_says_how_to_fix_it(error_class: str) -> None:
    advice = advise(error_class, waiting_reason=WaitingReason.CIRCUIT_OPEN)

    general = advise(None, waiting_reason=WaitingReason.CIRCUIT_OPEN)
    assert str(advise(error_class)).removesuffix("Then retry the delivery.") + str(general) == advice
    assert advise("unheard_of", waiting_reason=WaitingReason.CIRCUIT_OPEN) == general


@pytest.mark.parametrize("reason", [WaitingReason.PAUSED, WaitingReason.RATE_LIMITED])
def test_what_waits_for_another_reason_does_not_blame_the_receiver(reason: WaitingReason) -> None:
    assert advise("timeout", waiting_reason=reason) == advise(None, waiting_reason=reason)
