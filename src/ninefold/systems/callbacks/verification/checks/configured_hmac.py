"""Check a signature whose scheme the options of the source describe."""

from collections.abc import Mapping
from typing import Final

import msgspec

from ninefold.systems.callbacks.verification.checks.signature import check_signature
from ninefold.systems.callbacks.verification.checks.subject import Subject
from ninefold.systems.callbacks.verification.rejection import RejectionError
from ninefold.systems.callbacks.verification.schemes import ConfiguredHmacScheme, SignatureScheme
from ninefold.systems.callbacks.verification.templates import parse_signed_content

_SAME_NAME: Final = ("algorithm", "encoding", "signed_content", "separator", "prefix")


def check_configured_hmac(_: ConfiguredHmacScheme, subject: Subject) -> int:
    """Return the index of the secret that one of the signatures was made with.

    Raises:
        RejectionError: an option is malformed, no secret fits, or the request is too old.
    """
    return check_signature(build_scheme(subject.options), subject)


def build_scheme(options: Mapping[str, str]) -> SignatureScheme:
    """Return the scheme that the options describe.

    Raises:
        RejectionError: an option is malformed; the detail says which, and what is expected.
    """
    given = {name: value for name, value in options.items() if value}
    data: dict[str, object] = {
        "type": "signature",
        "headers": [options.get("header", "")],
        **{name: given[name] for name in _SAME_NAME if name in given},
        "secret": {"encoding": given.get("secret_encoding", "text")},
        "timestamp": _timestamp(given),
    }
    try:
        scheme = msgspec.convert(data, SignatureScheme, strict=False)
        signs_time = any(part.kind == "timestamp" for part in parse_signed_content(scheme.signed_content))
    except ValueError as error:
        raise RejectionError("option_malformed", f"An option of the source is malformed: {error}.") from error
    if signs_time != (scheme.timestamp is not None):
        detail = "Either the signed content has {timestamp} and an option says where the time is, or neither."
        raise RejectionError("option_malformed", f"The options of the source contradict each other. {detail}")
    return scheme


def _timestamp(given: Mapping[str, str]) -> dict[str, str] | None:
    names = {"header": "timestamp_header", "signature_item": "timestamp_item"}
    place = {field: given[option] for field, option in names.items() if option in given}
    if not place:
        return None
    return {**place, "unit": given.get("timestamp_unit", "s"), "tolerance_s": given.get("tolerance_s", "300")}
