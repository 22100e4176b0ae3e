"""Card numbers: which of them are test numbers, and how one is recognised where it has no business.

Ninefold keeps no card number anywhere. A test number is replaced by the token of its test card before anything is
stored, and a text that contains a card number is refused.
"""

import re
from typing import Final

from ninefold.systems.payments.errors import CardNumberError

TEST_NUMBERS: Final = {
    "4242424242424242": "pm_card_visa",
    "4000056655665556": "pm_card_visa_debit",
    "5555555555554444": "pm_card_mastercard",
    "2223003122003222": "pm_card_mastercard",
    "5200828282828210": "pm_card_mastercard_debit",
    "378282246310005": "pm_card_amex",
    "371449635398431": "pm_card_amex",
    "6011111111111117": "pm_card_discover",
    "4000000000000002": "pm_card_chargeDeclined",
    "4000000000000341": "pm_card_chargeCustomerFail",
    "4000000000009995": "pm_card_chargeDeclinedInsufficientFunds",
    "4000000000009987": "pm_card_visa_chargeDeclinedLostCard",
    "4000000000009979": "pm_card_visa_chargeDeclinedStolenCard",
    "4000000000000069": "pm_card_chargeDeclinedExpiredCard",
    "4000000000000127": "pm_card_chargeDeclinedIncorrectCvc",
    "4000000000000119": "pm_card_chargeDeclinedProcessingError",
    "4100000000000019": "pm_card_chargeDeclinedFraudulent",
    "4000002500003155": "pm_card_authenticationRequired",
    "4000002760003184": "pm_card_authenticationRequired",
    "4000000000003220": "pm_card_threeDSecure2Required",
    "4000008260003178": "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
    "4000000000005126": "pm_card_refundFail",
}
"""The test cards by their numbers, which are Stripe's."""

_DIGITS_MAX: Final = 19
_TEN: Final = 10
_CANDIDATE: Final = re.compile(r"(?<![0-9A-Za-z])[0-9](?:[ -]?[0-9]){12,18}(?![0-9A-Za-z])")
_SEPARATORS: Final = re.compile(r"[ -]")

# The beginnings of Visa, Mastercard, American Express, Discover, JCB, Diners Club and UnionPay, and their lengths.
_OF_BRAND: Final = re.compile(
    r"4[0-9]{12}(?:[0-9]{3})?(?:[0-9]{3})?"
    r"|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"
    r"|3[47][0-9]{13}"
    r"|6(?:011|5[0-9]{2}|4[4-9][0-9])[0-9]{12}"
    r"|35(?:2[89]|[3-8][0-9])[0-9]{12}"
    r"|3(?:0[0-5]|[68][0-9])[0-9]{11}"
    r"|62[0-9]{14,17}"
)


def without_separators(number: str) -> str:
    """Return a card number without the spaces and hyphens that people write in it."""
    return _SEPARATORS.sub("", number)


def passes_luhn(digits: str) -> bool:
    """Return whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    if not digits.isascii() or not digits.isdigit() or len(digits) > _DIGITS_MAX:
        return False
    total = 0
    for position, character in enumerate(reversed(digits)):
        value = int(character) * (1 + position % 2)
        total += value - 9 if value >= _TEN else value
    return total % _TEN == 0


def contains_card_number(text: str) -> bool:
    """Return whether a text has something in it that can be a card number of one of the large networks."""
    return any(
        _OF_BRAND.fullmatch(digits) and passes_luhn(digits)
        for digits in (without_separators(match[0]) for match in _CANDIDATE.finditer(text))
    )


def require_no_card_number(text: str | None, *, field: str) -> None:
    """Check a text that will be stored and shown.

    Raises:
        CardNumberError: it contains a card number.
    """
    if text is not None and contains_card_number(text):
        raise CardNumberError(
            "It contains a card number, and card numbers are never stored.",
            field=field,
            remedy="Write the last four digits only.",
        )
