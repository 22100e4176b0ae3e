"""Metadata: what a merchant keeps with an object, by Stripe's rules."""

from collections.abc import Mapping
from typing import Final

from ninefold.systems.payments.stripe.errors import StripeError

KEYS_MAX: Final = 50
KEY_LENGTH_MAX: Final = 40
VALUE_LENGTH_MAX: Final = 500


def merge_metadata(old: Mapping[str, str], given: Mapping[str, str] | None) -> dict[str, str]:
    """Return metadata after a request: an empty value deletes a key, and None deletes all.

    Raises:
        StripeError: there are too many keys, or one or its value is too long.
    """
    if given is None:
        return {}
    for key, value in given.items():
        if not 1 <= len(key) <= KEY_LENGTH_MAX:
            raise _refused(f"Metadata keys must have 1 to {KEY_LENGTH_MAX} characters.")
        if "\0" in key:
            raise _refused("Metadata keys can't contain a NUL character.")
        if len(value) > VALUE_LENGTH_MAX:
            raise _refused(
                f"Metadata values can have up to {VALUE_LENGTH_MAX} characters, but you passed in a value that is "
                f"{len(value)} characters."
            )
    merged = {key: value for key, value in {**old, **given}.items() if value != ""}
    if len(merged) > KEYS_MAX:
        raise _refused(f"Metadata can have up to {KEYS_MAX} keys, and you passed in {len(merged)} keys.")
    return merged


def _refused(message: str) -> StripeError:
    return StripeError(message, code="parameter_invalid", param="metadata")
