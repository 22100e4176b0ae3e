"""Ids, tags and problems that the routes of payments share."""

from typing import Final

from ninefold.core.web.ids import PathId
from ninefold.systems.payments.model.ledger import ACCOUNT_PREFIX
from ninefold.systems.payments.model.merchants import MERCHANT_PREFIX
from ninefold.systems.payments.model.payments import ATTEMPT_PREFIX, INTENT_PREFIX

TAGS: Final = ["payments"]


class MerchantId(PathId):
    """The id of a merchant."""

    prefix = MERCHANT_PREFIX


class PaymentId(PathId):
    """The id of a payment."""

    prefix = INTENT_PREFIX


class AccountId(PathId):
    """The id of an account of the ledger."""

    prefix = ACCOUNT_PREFIX


class AttemptId(PathId):
    """The id of an attempt, which is also what the processor knows it by."""

    prefix = ATTEMPT_PREFIX
