"""Mail addresses in parameters: refused if nothing could ever be delivered there."""

import re
from typing import Final

from msgspec import UnsetType

from ninefold.systems.payments.rules.card_numbers import contains_card_number
from ninefold.systems.payments.stripe.errors import StripeError

_ADDRESS: Final = re.compile(r"[^@\s<>,;]{1,64}@[^@\s<>,;.]+(\.[^@\s<>,;.]+)+")
_SHOWN_MAX: Final = 80


def check_email(text: str | UnsetType | None, *, param: str) -> None:
    """Refuse what isn't a mail address; nothing, and what unsets it, are accepted.

    Raises:
        StripeError: it isn't one.
    """
    if not isinstance(text, str) or _ADDRESS.fullmatch(text):
        return
    shown = "…" if contains_card_number(text) else text[:_SHOWN_MAX]
    raise StripeError(f"Invalid email address: {shown}", code="email_invalid", param=param)
