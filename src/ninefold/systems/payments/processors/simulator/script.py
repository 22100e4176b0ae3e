"""What the simulated processor does: by the token of the card, by the amount, or by chance that follows from a seed."""

import hashlib
from typing import Final, Literal, TypeAlias

import msgspec

Loss: TypeAlias = Literal["nothing", "request", "answer"]
"""What gets lost: nothing; the call, before it has had an effect; or the answer, after the effect."""
Settled: TypeAlias = Literal["exactly", "wrong_amount", "not", "twice"]
"""How the settlement report has it."""


class Refusal(msgspec.Struct, frozen=True):
    """Why a card is declined."""

    code: str
    decline_code: str | None
    message: str


class Behaviour(msgspec.Struct, frozen=True, kw_only=True):
    """What the processor does with a payment."""

    refusal: Refusal | None = None
    needs_action: bool = False
    refuses_capture: bool = False
    refuses_refund: bool = False
    lost: Loss = "nothing"
    lost_of: tuple[str, ...] = ("authorise",)
    """The operations of which it gets lost."""
    latency_ms: int = 0
    answers_inquiries: bool = True
    webhook_count: int = 0
    """How often a webhook tells the outcome of a call. What a customer does on the page is always told."""
    webhook_delay_ms: int = 0
    settled: Settled = "exactly"


class Chances(msgspec.Struct, frozen=True, kw_only=True):
    """How often something happens by chance, of 1,000 payments."""

    seed: int = 1
    decline_per_mille: int = 0
    lost_per_mille: int = 0


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown of a card."""

    brand: str = "visa"
    last4: str = "4242"
    exp_month: int = 12
    exp_year: int = 2034
    funding: str = "credit"
    country: str = "US"


_DECLINED: Final = Refusal("card_declined", "generic_decline", "Your card was declined.")
_INSUFFICIENT: Final = Refusal("card_declined", "insufficient_funds", "Your card has insufficient funds.")
_LOST: Final = Refusal("card_declined", "lost_card", "Your card was declined.")
_STOLEN: Final = Refusal("card_declined", "stolen_card", "Your card was declined.")
_EXPIRED: Final = Refusal("expired_card", None, "Your card has expired.")
_CVC: Final = Refusal("incorrect_cvc", None, "Your card's security code is incorrect.")
_PROCESSING: Final = Refusal("processing_error", None, "An error occurred while processing your card. Try again later.")
_FRAUD: Final = Refusal("card_declined", "fraudulent", "Your card was declined.")

_OWN_CARDS: Final[dict[str, tuple[Card, Behaviour]]] = {
    "slow": (Card(last4="1000"), Behaviour(latency_ms=2_000)),
    "lostRequest": (Card(last4="1001"), Behaviour(lost="request")),
    "lostAnswer": (Card(last4="1002"), Behaviour(lost="answer")),
    "lostAnswerLateWebhook": (
        Card(last4="1003"),
        Behaviour(lost="answer", webhook_count=1, webhook_delay_ms=1_500, answers_inquiries=False),
    ),
    "lostAnswerDeclined": (Card(last4="1004"), Behaviour(lost="answer", refusal=_DECLINED)),
    "neverKnown": (Card(last4="1005"), Behaviour(lost="answer", answers_inquiries=False)),
    "lostCaptureAnswer": (Card(last4="1006"), Behaviour(lost="answer", lost_of=("capture",))),
    "lostRefundAnswer": (Card(last4="1007"), Behaviour(lost="answer", lost_of=("refund",))),
    "lostCancelAnswer": (Card(last4="1008"), Behaviour(lost="answer", lost_of=("cancel",))),
    "captureRefused": (Card(last4="1009"), Behaviour(refuses_capture=True)),
    "webhookTwice": (Card(last4="1010"), Behaviour(webhook_count=2)),
    "settledWrongAmount": (Card(last4="1011"), Behaviour(settled="wrong_amount")),
    "notSettled": (Card(last4="1012"), Behaviour(settled="not")),
    "settledTwice": (Card(last4="1013"), Behaviour(settled="twice")),
}
_CARDS: Final[dict[str, tuple[Card, Behaviour]]] = {
    "visa": (Card(), Behaviour()),
    "visa_debit": (Card(last4="5556", funding="debit"), Behaviour()),
    "mastercard": (Card(brand="mastercard", last4="4444"), Behaviour()),
    "mastercard_debit": (Card(brand="mastercard", last4="3222", funding="debit"), Behaviour()),
    "amex": (Card(brand="amex", last4="8431"), Behaviour()),
    "discover": (Card(brand="discover", last4="1117"), Behaviour()),
    "chargeDeclined": (Card(last4="0002"), Behaviour(refusal=_DECLINED)),
    "visa_chargeDeclined": (Card(last4="0002"), Behaviour(refusal=_DECLINED)),
    "chargeCustomerFail": (Card(last4="0341"), Behaviour(refusal=_DECLINED)),
    "chargeDeclinedInsufficientFunds": (Card(last4="9995"), Behaviour(refusal=_INSUFFICIENT)),
    "visa_chargeDeclinedInsufficientFunds": (Card(last4="9995"), Behaviour(refusal=_INSUFFICIENT)),
    "visa_chargeDeclinedLostCard": (Card(last4="9987"), Behaviour(refusal=_LOST)),
    "visa_chargeDeclinedStolenCard": (Card(last4="9979"), Behaviour(refusal=_STOLEN)),
    "chargeDeclinedExpiredCard": (Card(last4="0069"), Behaviour(refusal=_EXPIRED)),
    "chargeDeclinedIncorrectCvc": (Card(last4="0127"), Behaviour(refusal=_CVC)),
    "chargeDeclinedProcessingError": (Card(last4="0119"), Behaviour(refusal=_PROCESSING)),
    "chargeDeclinedFraudulent": (Card(last4="0019"), Behaviour(refusal=_FRAUD)),
    "authenticationRequired": (Card(last4="3184"), Behaviour(needs_action=True)),
    "threeDSecure2Required": (Card(last4="3220"), Behaviour(needs_action=True)),
    "authenticationRequiredChargeDeclinedInsufficientFunds": (
        Card(last4="3178"),
        Behaviour(needs_action=True, refusal=_INSUFFICIENT),
    ),
    "refundFail": (Card(last4="5126"), Behaviour(refuses_refund=True)),
    **_OWN_CARDS,
}
_CARD_PREFIX: Final = "pm_card_"

CARDS: Final = {_CARD_PREFIX + name: card for name, (card, _) in _CARDS.items()}
"""The test cards, by their token."""

SIMULATED_ONLY: Final = frozenset(_CARD_PREFIX + name for name in _OWN_CARDS)
"""The test cards that Stripe doesn't have."""

AMOUNTS: Final = {
    900_001: Behaviour(refusal=_DECLINED),
    900_002: Behaviour(refusal=_INSUFFICIENT),
    900_003: Behaviour(lost="request"),
    900_004: Behaviour(lost="answer"),
    900_005: Behaviour(settled="wrong_amount"),
    900_006: Behaviour(settled="not"),
    900_007: Behaviour(settled="twice"),
}
"""What happens to these amounts, in minor units of any currency, if the card says nothing else."""


def behaviour_of(token: str, *, amount: int, our_reference: str, chances: Chances) -> Behaviour:
    """Return what happens to an authorisation.

    Args:
        token: a test card; what it says goes before what the amount says.
        amount: in minor units; some amounts say what happens, whatever the card is.
        our_reference: what chance follows from, with the seed.
        chances: how often something happens by chance.
    """
    _, behaviour = _CARDS.get(token.removeprefix(_CARD_PREFIX), (None, Behaviour(refusal=_DECLINED)))
    if behaviour != Behaviour():
        return behaviour
    if amount in AMOUNTS:
        return AMOUNTS[amount]
    if _draw(chances.seed, our_reference, "decline") < chances.decline_per_mille:
        return Behaviour(refusal=_DECLINED)
    if _draw(chances.seed, our_reference, "lost") < chances.lost_per_mille:
        return Behaviour(lost="answer")
    return behaviour


def _draw(seed: int, our_reference: str, what: str) -> int:
    """Return a number from 0 to 999 that is always the same for the same arguments."""
    digest = hashlib.sha256(f"{seed}:{what}:{our_reference}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % 1_000
