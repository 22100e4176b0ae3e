"""Check Twilio's signature, which is of the URL and the fields of a form.

Twilio's own validator tries the URL with and without its port, because Twilio isn't consistent. A body that isn't a
form is covered by its SHA-256 in the query (`bodySHA256`), and so by the signature of the URL.
"""

import hashlib
import hmac
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from ninefold.systems.callbacks.verification.checks.subject import Subject
from ninefold.systems.callbacks.verification.headers import any_header, single_header
from ninefold.systems.callbacks.verification.keys import decode, encode_text
from ninefold.systems.callbacks.verification.model import ReceivedRequest
from ninefold.systems.callbacks.verification.rejection import RejectionError
from ninefold.systems.callbacks.verification.schemes import Algorithm, TwilioScheme
from ninefold.systems.callbacks.verification.templates import FORM_FIELDS_MAX

SIGNATURE: Final = "X-Twilio-Signature"
SETTINGS: Final = "X-Twilio-Webhooks-Signature-Settings"
"""Says which algorithm was used, for requests that a shared key signs: `key=…,algorithm=HMAC_SHA256`."""

_ALGORITHMS: Final[dict[bytes, Algorithm]] = {b"HMAC_SHA1": "hmac-sha1", b"HMAC_SHA256": "hmac-sha256"}
_PORTS: Final = {"https": 443, "http": 80}


def check_twilio(scheme: TwilioScheme, subject: Subject) -> int:
    """Return the index of the secret that the request was signed with.

    Raises:
        RejectionError: it wasn't signed with any, or its body isn't covered by the signature.
    """
    request = subject.request
    signature = decode(single_header(request, SIGNATURE), "base64")
    if not signature:
        raise RejectionError("header_malformed", f"{SIGNATURE} isn't a signature in base64.")
    keys = subject.keys(scheme.secret, _algorithm(request))
    fields = _signed_fields(request)
    urls = [variant for url in subject.urls() for variant in _with_and_without_port(url)]
    for url in dict.fromkeys(urls):
        for index, key in keys:
            if key.fits_any([signature], encode_text(url) + fields):
                return index
    detail = "No secret fits the signature. Expected an HMAC of the URL that Twilio calls and the sorted form fields."
    raise RejectionError("signature_mismatch", detail)


def _algorithm(request: ReceivedRequest) -> Algorithm:
    if not request.header_values(SETTINGS):
        return "hmac-sha1"
    for item in single_header(request, SETTINGS).split(b","):
        name, _, value = item.strip().partition(b"=")
        if name == b"algorithm":
            if value.upper() in _ALGORITHMS:
                return _ALGORITHMS[value.upper()]
            break
    raise RejectionError("header_malformed", f"{SETTINGS} names none of the algorithms HMAC_SHA1 and HMAC_SHA256.")


def _signed_fields(request: ReceivedRequest) -> bytes:
    """Return the part of the signed content that stands for the body."""
    if request.body and _is_form(request):
        return b"".join(encode_text(name) + encode_text(value) for name, value in sorted(set(_form_fields(request))))
    expected = _query(request).get("bodySHA256")
    actual = hashlib.sha256(request.body).hexdigest()
    if expected is None and not request.body:
        return b""
    if not hmac.compare_digest(encode_text((expected or "").lower()), encode_text(actual)):
        raise RejectionError("signature_mismatch", "The body isn't the one whose SHA-256 is bodySHA256 in the query.")
    return b""


def _query(request: ReceivedRequest) -> dict[str, str]:
    try:
        return dict(parse_qsl(request.query, keep_blank_values=True, max_num_fields=FORM_FIELDS_MAX))
    except ValueError:
        return {}


def _is_form(request: ReceivedRequest) -> bool:
    types = any_header(request, ["Content-Type"]) if request.header_values("Content-Type") else [b""]
    return types[0].split(b";")[0].strip().lower() == b"application/x-www-form-urlencoded"


def _form_fields(request: ReceivedRequest) -> list[tuple[str, str]]:
    try:
        return parse_qsl(request.body.decode("utf-8"), keep_blank_values=True, max_num_fields=FORM_FIELDS_MAX)
    except ValueError as error:
        raise RejectionError(
            "body_malformed", f"The body isn't a form of at most {FORM_FIELDS_MAX:,} fields."
        ) from error


def _with_and_without_port(url: str) -> list[str]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return [url]
    bare = parts.netloc.removesuffix(f":{port}")
    variants = [bare, parts.netloc if port else f"{bare}:{_PORTS.get(parts.scheme, 0)}"]
    start = url.find("//") + 2
    return [f"{url[:start]}{netloc}{url[start + len(parts.netloc) :]}" for netloc in variants]
