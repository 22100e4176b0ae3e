"""The header `Idempotency-Key` of a publish: the same as the field of its body."""

from collections.abc import Sequence
from typing import Annotated, TypeAlias

from litestar.params import HeaderParameter

from ninefold.core.web.errors import BadRequestError
from ninefold.core.web.idempotency import IDEMPOTENCY_KEY
from ninefold.systems.webhooks.errors import IdempotencyKeysDifferError
from ninefold.systems.webhooks.service.publishing import IDEMPOTENCY_KEY_LENGTH_MAX

IdempotencyKeyHeader: TypeAlias = Annotated[
    str | None,
    HeaderParameter(
        name=IDEMPOTENCY_KEY,
        description=(
            "The same as the field `idempotency_key`, in ASCII. If both are given, they must be equal. "
            f"Up to {IDEMPOTENCY_KEY_LENGTH_MAX} characters."
        ),
    ),
]
"""Documents the header. Litestar passes on only one of several values, so `choose_idempotency_key` gets them all."""


def choose_idempotency_key(keys: Sequence[str], *, field: str | None) -> str | None:
    """Return the idempotency key of a publish.

    Args:
        keys: the values of the header; usually one or none.
        field: the one in the body.

    Raises:
        IdempotencyKeysDifferError: there are two different keys.
        BadRequestError: the header isn't ASCII.
    """
    if not all(key.isascii() for key in keys):
        raise BadRequestError(
            f"The header {IDEMPOTENCY_KEY} isn't ASCII.",
            field=IDEMPOTENCY_KEY,
            remedy="Put the key into the field idempotency_key, which can be any text.",
        )
    if len(set(keys)) > 1:
        raise IdempotencyKeysDifferError(
            f"The header {IDEMPOTENCY_KEY} is given more than once, with different keys.",
            field=IDEMPOTENCY_KEY,
            remedy="Send it once.",
        )
    if not keys:
        return field
    if field is not None and field != keys[0]:
        raise IdempotencyKeysDifferError(
            f"The header {IDEMPOTENCY_KEY} and the field idempotency_key have different keys.",
            field="idempotency_key",
            remedy="Send the key once, in the header or in the field.",
        )
    return keys[0]
