"""The checks of `ninefold doctor` for callbacks."""

from collections.abc import Iterator
from typing import Final

from ninefold.core.checks import Finding, ok, warning
from ninefold.systems.callbacks.settings import PREFIX, CallbacksSettings

_PUBLIC_URL: Final = f"{PREFIX}PUBLIC_URL"


def check_public_url(settings: CallbacksSettings) -> Iterator[Finding]:
    """Say which URL providers get, because some sign it, and none reaches one that isn't public."""
    if settings.public_url is None:
        yield ok(
            "callbacks",
            f"ingest URLs have the Host header of each request; behind a proxy that changes it, set {_PUBLIC_URL}",
        )
    elif settings.public_url.startswith("http://"):
        yield warning(
            "callbacks",
            f"{_PUBLIC_URL} is {settings.public_url}: callbacks aren't encrypted, and many providers refuse it.",
            "Use an https URL, such as that of a proxy that ends TLS.",
        )
    else:
        yield ok("callbacks", f"providers reach this server at {settings.public_url}")
