"""One check for each kind of scheme."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ninefold.systems.callbacks.verification.checks.configured_hmac import build_scheme, check_configured_hmac
from ninefold.systems.callbacks.verification.checks.json_web_token import check_json_web_token, read_keys
from ninefold.systems.callbacks.verification.checks.shared_secret import check_api_key, check_basic, check_token
from ninefold.systems.callbacks.verification.checks.signature import check_signature
from ninefold.systems.callbacks.verification.checks.subject import Subject
from ninefold.systems.callbacks.verification.checks.twilio import check_twilio
from ninefold.systems.callbacks.verification.schemes import (
    ApiKeyScheme,
    BasicScheme,
    ConfiguredHmacScheme,
    JwtScheme,
    Scheme,
    SignatureScheme,
    TokenScheme,
    TwilioScheme,
)

__all__ = ["CHECKS", "Subject", "build_scheme", "read_keys"]

# Any: each check takes its own scheme, which the key of the table says.
CHECKS: Final[Mapping[type[Scheme], Callable[[Any, Subject], int | None]]] = {
    SignatureScheme: check_signature,
    ConfiguredHmacScheme: check_configured_hmac,
    TokenScheme: check_token,
    ApiKeyScheme: check_api_key,
    BasicScheme: check_basic,
    TwilioScheme: check_twilio,
    JwtScheme: check_json_web_token,
}
"""Each returns the index of the secret that proves the request, None if the proof needs no secret, or raises
`RejectionError`.
"""
