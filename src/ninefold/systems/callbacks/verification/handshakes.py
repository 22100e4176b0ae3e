"""Handshakes: requests by which a provider tests a URL, and that it expects to be answered at once."""

import base64
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from ninefold.systems.callbacks.verification.keys import decode, encode_text
from ninefold.systems.callbacks.verification.model import Handshake, ReceivedRequest, Rejected, Secret, Verified
from ninefold.systems.callbacks.verification.providers import HandshakeName, Provider
from ninefold.systems.callbacks.verification.templates import FORM_FIELDS_MAX, json_at, parse_json
from ninefold.systems.callbacks.verification.verifying import verify

CHALLENGE_LENGTH_MAX: Final = 1_000
"""Characters of a challenge that is sent back. Providers use less than 100."""

_X_SIGNATURES: Final = ("X-Twitter-Webhooks-Signature-OAuth2", "X-Twitter-Webhooks-Signature")
_X_SIGNATURES_MAX: Final = 4

BODY_BYTES_MAX: Final = 64 * 1024
"""A larger body is an ordinary callback. It isn't even looked at, because the provider waits for the response."""

_CRC_TOKEN: Final = re.compile(r"[A-Za-z0-9+/=_-]{1,200}", re.ASCII)
"""What is signed for a provider. It can't be a JSON object, and so no callback."""


class _Caller(msgspec.Struct, frozen=True):
    provider: Provider
    request: ReceivedRequest
    secrets: Sequence[Secret]
    options: Mapping[str, str]

    def verdict(self) -> Verified | Rejected:
        return verify(self.provider, self.request, self.secrets, options=self.options)

    def is_genuine(self) -> bool:
        return isinstance(self.verdict(), Verified)

    def is_small(self) -> bool:
        return len(self.request.body) <= BODY_BYTES_MAX

    def document(self) -> dict[str, Any]:
        document = parse_json(self.request.body)
        return document if isinstance(document, dict) else {}

    def parameters(self) -> dict[str, str]:
        try:
            return dict(parse_qsl(self.request.query, keep_blank_values=True, max_num_fields=FORM_FIELDS_MAX))
        except ValueError:
            return {}


def handshake(
    provider: Provider,
    request: ReceivedRequest,
    secrets: Sequence[Secret],
    *,
    options: Mapping[str, str],
) -> Handshake | None:
    """Return the response that the provider expects now, or None if the request is an ordinary callback.

    It never raises. A test of the URL is answered only if it is genuine, as far as the provider's scheme can prove it.

    Args:
        provider: of the source.
        request: as received.
        secrets: of the source.
        options: the values of the provider's other fields.
    """
    if provider.handshake is None:
        return None
    return _HANDSHAKES[provider.handshake](_Caller(provider, request, secrets, options))


def _slack(caller: _Caller) -> Handshake | None:
    if not caller.is_small() or not caller.is_genuine():
        return None
    document = caller.document()
    return _challenge(document.get("challenge")) if document.get("type") == "url_verification" else None


def _discord(caller: _Caller) -> Handshake | None:
    """Refuse what isn't genuine: Discord tests that, and accepts no URL that doesn't."""
    if not caller.is_genuine():
        return Handshake(status=401, headers=(), body=b"", is_refusal=True)
    document = caller.document() if caller.is_small() else {}
    if document.get("type") == 1 and "event" not in document:
        return Handshake(status=200, headers=_JSON, body=b'{"type":1}')
    return Handshake(status=204, headers=(), body=b"") if document.get("type") == 0 else None


def _meta(caller: _Caller) -> Handshake | None:
    parameters = caller.parameters()
    if caller.request.method != "GET" or parameters.get("hub.mode") != "subscribe":
        return None
    expected, given = caller.options.get("verify_token", ""), parameters.get("hub.verify_token", "")
    if not expected or not hmac.compare_digest(encode_text(expected), encode_text(given)):
        return Handshake(status=403, headers=(), body=b"", is_refusal=True)
    return _challenge(parameters.get("hub.challenge"))


def _x(caller: _Caller) -> Handshake | None:
    """Answer the challenge-response check.

    The answer is an HMAC of the token with the key of real callbacks, so the token mustn't be the body of one.
    """
    token = caller.parameters().get("crc_token")
    if caller.request.method != "GET" or token is None:
        return None
    secrets = _signers_of_query(caller)
    if _CRC_TOKEN.fullmatch(token) is None or not secrets:
        return Handshake(status=403, headers=(), body=b"", is_refusal=True)
    digest = base64.b64encode(hmac.digest(secrets[0], token.encode("ascii"), "sha256")).decode("ascii")
    return _json({"response_token": f"sha256={digest}"})


def _signers_of_query(caller: _Caller) -> list[bytes]:
    """Return the secrets that fit a signature of the query, or all if it isn't signed."""
    secrets = [encode_text(secret.text.strip()) for secret in caller.secrets if secret.text.strip()]
    values = [value for name in _X_SIGNATURES for value in caller.request.header_values(name)]
    if not values:
        return secrets
    signatures = [decode(value.removeprefix(b"sha256="), "base64") or b"" for value in values[:_X_SIGNATURES_MAX]]
    query = encode_text(caller.request.query)
    digests = {secret: hmac.digest(secret, query, "sha256") for secret in secrets}
    return [
        secret
        for secret, digest in digests.items()
        if any(hmac.compare_digest(digest, signature) for signature in signatures)
    ]


def _zoom(caller: _Caller) -> Handshake | None:
    verdict = caller.verdict() if caller.is_small() else None
    if not isinstance(verdict, Verified) or verdict.secret_index is None:
        return None
    document = caller.document()
    token = json_at(document, "payload.plainToken")
    is_test = document.get("event") == "endpoint.url_validation"
    if not is_test or not isinstance(token, str) or _CRC_TOKEN.fullmatch(token) is None:
        return None
    secret = encode_text(caller.secrets[verdict.secret_index].text.strip())
    return _json({"plainToken": token, "encryptedToken": hmac.digest(secret, token.encode("ascii"), "sha256").hex()})


def _json(document: dict[str, str]) -> Handshake:
    return Handshake(status=200, headers=_JSON, body=msgspec.json.encode(document))


def _challenge(challenge: Any) -> Handshake | None:
    if not isinstance(challenge, str) or not 0 < len(challenge) <= CHALLENGE_LENGTH_MAX:
        return None
    return Handshake(status=200, headers=_TEXT, body=encode_text(challenge))


# A challenge comes from the request: no browser may take it for a page.
_NO_SNIFF: Final = (b"x-content-type-options", b"nosniff")
_TEXT: Final = ((b"content-type", b"text/plain; charset=utf-8"), _NO_SNIFF)
_JSON: Final = ((b"content-type", b"application/json"), _NO_SNIFF)

_HANDSHAKES: Final[Mapping[HandshakeName, Callable[[_Caller], Handshake | None]]] = {
    "slack": _slack,
    "discord": _discord,
    "meta": _meta,
    "x": _x,
    "zoom": _zoom,
}
