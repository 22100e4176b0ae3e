"""Ids, tags and problems that the routes of payments share."""

from typing import Final

from ninefold.core.web.ids import PathId
from ninefold.systems.payments.model.merchants import MERCHANT_PREFIX

TAGS: Final = ["payments"]


class MerchantId(PathId):
    """The id of a merchant."""

    prefix = MERCHANT_PREFIX
