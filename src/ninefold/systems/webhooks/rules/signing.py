"""Signatures as in Standard Webhooks 1.0, section "Signature scheme", symmetric form `v1`; and as Stripe signs."""

import base64
import hmac
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from ninefold.systems.webhooks.model import SigningSecret

KEY_BYTES: Final = 32
"""The standard requires 24 to 64 bytes."""

_SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - the prefix of every secret, not a secret.


def format_secret(key: bytes) -> str:
    """Return a key in the form that verification libraries take: `whsec_` and base64."""
    return _SECRET_PREFIX + base64.b64encode(key).decode("ascii")


def active_keys(secrets: Iterable[SigningSecret], *, now: datetime) -> list[bytes]:
    """Return the keys that sign at this time: the current one, and rotated ones that haven't expired."""
    return [secret.key for secret in secrets if secret.expires_at is None or secret.expires_at > now]


def signed_content(*, message_id: bytes, timestamp: bytes, payload: bytes) -> bytes:
    """Return the content to sign, which is the same for every receiver of a message.

    Args:
        message_id: the value of `webhook-id`.
        timestamp: the value of `webhook-timestamp`: the attempt's time in Unix seconds, in ASCII.
        payload: the body, exactly as it is sent.
    """
    return b"%b.%b.%b" % (message_id, timestamp, payload)


def sign(keys: Sequence[bytes], content: bytes) -> bytes:
    """Return the value of `webhook-signature`: one `v1,` signature per key, separated by spaces.

    Args:
        keys: the subscription's active keys.
        content: from `signed_content`.
    """
    return b" ".join([b"v1," + _signature(key, content) for key in keys])


def sign_as_stripe(keys: Sequence[bytes], *, timestamp: bytes, payload: bytes) -> bytes:
    """Return the value of `Stripe-Signature`: the time, and one `v1` signature per key, in hexadecimal digits.

    The key is the text of the secret, with its prefix (Stripe's documentation, "Verify webhook signatures manually").

    Args:
        keys: the subscription's active keys.
        timestamp: the attempt's time in Unix seconds, in ASCII.
        payload: the body, exactly as it is sent.
    """
    content = b"%b.%b" % (timestamp, payload)
    digests = [hmac.digest(format_secret(key).encode("ascii"), content, "sha256") for key in keys]
    return b",".join([b"t=%b" % timestamp, *[b"v1=%b" % digest.hex().encode("ascii") for digest in digests]])


def _signature(key: bytes, content: bytes) -> bytes:
    return base64.b64encode(hmac.digest(key, content, "sha256"))
