"""Check a signature in a header."""

from typing import Final

from ninefold.systems.callbacks.verification.checks.subject import Subject
from ninefold.systems.callbacks.verification.headers import any_header, single_header
from ninefold.systems.callbacks.verification.keys import decode
from ninefold.systems.callbacks.verification.model import ReceivedRequest
from ninefold.systems.callbacks.verification.rejection import RejectionError
from ninefold.systems.callbacks.verification.schemes import SignatureScheme, TimestampRule
from ninefold.systems.callbacks.verification.signed_content import signed_contents
from ninefold.systems.callbacks.verification.templates import json_at, parse_json, scalar_text
from ninefold.systems.callbacks.verification.timestamps import check_age

SIGNATURES_MAX: Final = 20
"""Signatures in one request. A provider sends two while a secret is rotated."""


def check_signature(scheme: SignatureScheme, subject: Subject) -> int:
    """Return the index of the secret that one of the signatures was made with.

    Raises:
        RejectionError: none was, or the request is too old.
    """
    items = _items(scheme, any_header(subject.request, scheme.headers))
    signatures = _signatures(scheme, items)
    timestamp = _sent_timestamp(scheme.timestamp, subject.request, items)
    index = _find_key(scheme, subject, timestamp=timestamp, signatures=signatures)
    _check_age(scheme.timestamp, subject.request, timestamp)
    if scheme.needs_json_object and not isinstance(parse_json(subject.request.body), dict):
        raise RejectionError("body_malformed", "The body isn't a JSON object.")
    return index


def _items(scheme: SignatureScheme, values: list[bytes]) -> list[bytes]:
    if not scheme.separator:
        return values
    separator = scheme.separator.encode()
    return [item.strip() for value in values for item in value.split(separator)]


def _signatures(scheme: SignatureScheme, items: list[bytes]) -> list[bytes]:
    prefix = scheme.prefix.encode()
    texts = [item.removeprefix(prefix) for item in items if item.startswith(prefix)]
    if len(texts) > SIGNATURES_MAX:
        raise RejectionError("header_malformed", f"The request has more than {SIGNATURES_MAX} signatures.")
    signatures = [signature for text in texts if (signature := decode(text, scheme.encoding))]
    if not signatures:
        expected = f"{scheme.prefix}…" if scheme.prefix else "a signature"
        name = " or ".join(scheme.headers)
        raise RejectionError("header_malformed", f"{name} has no {expected} in {scheme.encoding}.")
    return signatures


def _sent_timestamp(rule: TimestampRule | None, request: ReceivedRequest, items: list[bytes]) -> bytes:
    if rule is None or rule.json:
        return b""
    if rule.header:
        return single_header(request, rule.header)
    prefix = (rule.signature_item or "").encode()
    texts = [item.removeprefix(prefix) for item in items if item.startswith(prefix)]
    if len(texts) != 1:
        detail = f"The signature's header has {len(texts)} items {rule.signature_item}…, where one is expected."
        raise RejectionError("header_malformed", detail)
    return texts[0]


def _find_key(scheme: SignatureScheme, subject: Subject, *, timestamp: bytes, signatures: list[bytes]) -> int:
    keys = subject.keys(scheme.secret, scheme.algorithm)
    for content in signed_contents(scheme, subject.request, urls=subject.urls(), timestamp=timestamp):
        for index, key in keys:
            if key.fits_any(signatures, content):
                return index
    raise RejectionError("signature_mismatch", _mismatch(scheme))


def _mismatch(scheme: SignatureScheme) -> str:
    hint = " with the URL that the provider calls" if "url}" in scheme.signed_content else ""
    return f"No secret fits the signature. Expected {scheme.algorithm} of {scheme.signed_content}{hint}."


def _check_age(rule: TimestampRule | None, request: ReceivedRequest, timestamp: bytes) -> None:
    if rule is None:
        return
    if rule.json:
        place, text = f"the body's {rule.json}", _body_timestamp(request, rule.json)
    else:
        place, text = rule.header or "the signature's header", timestamp.decode("latin-1")
    check_age(text, unit=rule.unit, tolerance_s=rule.tolerance_s, received_at=request.received_at, place=place)


def _body_timestamp(request: ReceivedRequest, path: str) -> str:
    text = scalar_text(json_at(parse_json(request.body), path))
    if text is None:
        raise RejectionError("body_malformed", f"The body isn't JSON with a time in {path}.")
    return text
