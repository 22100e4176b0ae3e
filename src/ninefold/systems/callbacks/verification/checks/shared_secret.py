"""Check a secret that the request itself has: a token, an API key, or a password.

It proves who sends, but not that the request is unchanged, and it can be replayed.
"""

import hmac
from typing import Final
from urllib.parse import parse_qsl

from ninefold.systems.callbacks.verification.checks.subject import Subject
from ninefold.systems.callbacks.verification.headers import single_header
from ninefold.systems.callbacks.verification.keys import decode, encode_text
from ninefold.systems.callbacks.verification.model import ReceivedRequest
from ninefold.systems.callbacks.verification.rejection import RejectionError
from ninefold.systems.callbacks.verification.schemes import ApiKeyScheme, BasicScheme, TokenScheme
from ninefold.systems.callbacks.verification.templates import FORM_FIELDS_MAX

_BASIC: Final = b"basic "


def check_token(scheme: TokenScheme, subject: Subject) -> int:
    """Return the index of the secret that is in the header.

    Raises:
        RejectionError: none is.
    """
    given = _after_prefix(single_header(subject.request, scheme.header), scheme.prefix, place=scheme.header)
    return _find_secret(scheme, subject, given, place=scheme.header)


def check_api_key(scheme: ApiKeyScheme, subject: Subject) -> int:
    """Return the index of the secret that is in the header or query parameter of the options.

    Raises:
        RejectionError: none is.
    """
    name, parameter = subject.options.get("header", ""), subject.options.get("query_parameter", "")
    if parameter:
        place = f"The query parameter {parameter}"
        return _find_secret(scheme, subject, _query_value(subject.request, parameter), place=place)
    if not name:
        raise RejectionError("option_malformed", "The source's options name neither a header nor a query parameter.")
    given = _after_prefix(single_header(subject.request, name), subject.options.get("prefix", ""), place=name)
    return _find_secret(scheme, subject, given, place=name)


def check_basic(scheme: BasicScheme, subject: Subject) -> int:
    """Return the index of the secret that is the password in `Authorization`.

    Raises:
        RejectionError: the header is malformed, or has another user name or password.
    """
    header = single_header(subject.request, "Authorization")
    is_basic = header[: len(_BASIC)].lower() == _BASIC
    given = decode(header[len(_BASIC) :].strip(), "base64") if is_basic else None
    if given is None:
        detail = "Authorization isn't Basic, followed by a user name and a password in base64."
        raise RejectionError("header_malformed", detail)
    user = encode_text(subject.options.get("username", "")) + b":"
    return _find_secret(scheme, subject, given, place="Authorization", before=user)


def _after_prefix(value: bytes, prefix: str, *, place: str) -> bytes:
    start = encode_text(prefix)
    if not value.startswith(start):
        raise RejectionError("header_malformed", f"{place} doesn't start with {prefix!r}.")
    return value.removeprefix(start).strip()


def _query_value(request: ReceivedRequest, name: str) -> bytes:
    try:
        pairs = parse_qsl(request.query, keep_blank_values=True, max_num_fields=FORM_FIELDS_MAX)
    except ValueError:
        pairs = []
    values = [value for key, value in pairs if key == name]
    if len(values) != 1:
        detail = f"The query has {len(values)} parameters {name}, where one is expected."
        raise RejectionError("credential_missing", detail)
    return encode_text(values[0])


def _find_secret(
    scheme: TokenScheme | ApiKeyScheme | BasicScheme, subject: Subject, given: bytes, *, place: str, before: bytes = b""
) -> int:
    for index, secret in subject.secret_bytes(scheme.secret):
        if hmac.compare_digest(before + secret, given):
            return index
    raise RejectionError("credential_mismatch", f"{place} has none of the source's secrets.")
