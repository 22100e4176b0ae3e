"""Handshakes: requests by which a provider tests a URL, and that it expects to be answered at once."""

import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from ninefold.systems.callbacks.verification.model import Handshake, ReceivedRequest, Rejected, Secret
from ninefold.systems.callbacks.verification.providers import HandshakeName, Provider
from ninefold.systems.callbacks.verification.templates import FORM_FIELDS_MAX, parse_json
from ninefold.systems.callbacks.verification.verifying import verify

CHALLENGE_LENGTH_MAX: Final = 1_000
"""Characters of a challenge that is sent back. Providers use less than 100."""


class _Caller(msgspec.Struct, frozen=True):
    provider: Provider
    request: ReceivedRequest
    secrets: Sequence[Secret]
    options: Mapping[str, str]

    def is_genuine(self) -> bool:
        return not isinstance(verify(self.provider, self.request, self.secrets, options=self.options), Rejected)

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
    document = caller.document()
    if document.get("type") != "url_verification" or not caller.is_genuine():
        return None
    return _challenge(document.get("challenge"))


def _discord(caller: _Caller) -> Handshake | None:
    """Refuse what isn't genuine: Discord tests that, and accepts no URL that doesn't."""
    if not caller.is_genuine():
        return Handshake(status=401, headers=(), body=b"", is_refusal=True)
    document = caller.document()
    if document.get("type") == 1 and "event" not in document:
        return Handshake(status=200, headers=_JSON, body=b'{"type":1}')
    return Handshake(status=204, headers=(), body=b"") if document.get("type") == 0 else None


def _meta(caller: _Caller) -> Handshake | None:
    parameters = caller.parameters()
    if caller.request.method != "GET" or parameters.get("hub.mode") != "subscribe":
        return None
    expected, given = caller.options.get("verify_token", ""), parameters.get("hub.verify_token", "")
    if not expected or not hmac.compare_digest(_bytes(expected), _bytes(given)):
        return Handshake(status=403, headers=(), body=b"", is_refusal=True)
    return _challenge(parameters.get("hub.challenge"))


def _challenge(challenge: Any) -> Handshake | None:
    if not isinstance(challenge, str) or not 0 < len(challenge) <= CHALLENGE_LENGTH_MAX:
        return None
    return Handshake(status=200, headers=_TEXT, body=_bytes(challenge))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


# A challenge comes from the request: no browser may take it for a page.
_NO_SNIFF: Final = (b"x-content-type-options", b"nosniff")
_TEXT: Final = ((b"content-type", b"text/plain; charset=utf-8"), _NO_SNIFF)
_JSON: Final = ((b"content-type", b"application/json"), _NO_SNIFF)

_HANDSHAKES: Final[Mapping[HandshakeName, Callable[[_Caller], Handshake | None]]] = {
    "slack": _slack,
    "discord": _discord,
    "meta": _meta,
}
