"""What happens on the simulated day: who sells what, and what the processor does with each payment."""

import random
from typing import Final

import msgspec

SEED: Final = 14
AMOUNTS: Final = (199, 45_000)

MERCHANTS: Final = (("Bakery", 20, "1001"), ("Bookshop", 50, "1002"), ("Bicycles", 30, "1003"))
"""The merchants, their shares of the payments, and the last digits of their bank accounts."""

WRONG_AMOUNT: Final = "pm_card_settledWrongAmount"
NOT_SETTLED: Final = "pm_card_notSettled"
FAULTS: Final = {WRONG_AMOUNT: "amount", NOT_SETTLED: "missing"}
"""The cards that the processor's settlement report has wrong, and how that is called when it is found."""

_CARDS: Final = {
    "pm_card_visa": 70,
    "pm_card_mastercard": 12,
    "pm_card_amex": 6,
    "pm_card_chargeDeclined": 4,
    "pm_card_chargeDeclinedInsufficientFunds": 3,
    "pm_card_lostAnswer": 3,
    "pm_card_lostAnswerDeclined": 1,
    "pm_card_lostRequest": 1,
}


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer pays for."""

    number: int
    merchant: str
    amount: int
    token: str


def plan_day(payments: int) -> list[Order]:
    """Return the orders of a day with so many payments, the same each time; two of them are planted faults."""
    dice = random.Random(SEED)  # noqa: S311  # nothing secret follows from it.
    names, shares = [name for name, _, _ in MERCHANTS], [share for _, share, _ in MERCHANTS]
    tokens = dice.choices(list(_CARDS), weights=list(_CARDS.values()), k=payments)
    for position, token in zip(dice.sample(range(payments), len(FAULTS)), FAULTS, strict=True):
        tokens[position] = token
    return [
        Order(
            number=number,
            merchant=dice.choices(names, weights=shares)[0],
            amount=dice.randint(*AMOUNTS),
            token=token,
        )
        for number, token in enumerate(tokens)
    ]
