"""Signed addresses of contents: no other credential is needed. Official clients use them as those of Azure."""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias
from urllib.parse import quote

from ninefold.core.ids import format_id
from ninefold.systems.workflows.errors import AddressInvalidError
from ninefold.systems.workflows.model.results import Upload

UPLOAD_PREFIX: Final = "upl"
# With three parts, Azure's client finds an account, a container and a name in it, whatever the host.
BLOBS_PATH: Final = "/workflows/results"

LIFETIME: Final = timedelta(hours=1)
"""As on GitHub."""

Mode: TypeAlias = Literal["r", "w"]
"""Whether an address is for reading or for writing."""


def sign_address(upload: Upload, *, mode: Mode, base_url: str, at: datetime, file_name: str | None = None) -> str:
    """Return an address of contents that is valid for `LIFETIME`."""
    expires = int((at + LIFETIME).timestamp())
    signature = _sign(upload.signing_key, mode, expires)
    shown = "" if file_name is None else f"&name={quote(file_name, safe='')}"
    name = format_id(UPLOAD_PREFIX, upload.upload_id)
    return f"{base_url}{BLOBS_PATH}/contents/{name}?sp={mode}&se={expires}&sig={signature}{shown}"


def check_address(upload: Upload, *, mode: Mode, expires: int, signature: str, at: datetime) -> None:
    """Check that an address was signed, and is still valid.

    Raises:
        AddressInvalidError: it wasn't, or isn't.
    """
    expected = _sign(upload.signing_key, mode, expires)
    if not hmac.compare_digest(expected.encode(), signature.encode()) or expires < at.timestamp():
        raise AddressInvalidError("The address isn't signed, or has expired.", remedy="Ask for another one.")


def _sign(key: bytes, mode: str, expires: int) -> str:
    digest = hmac.new(key, f"{mode}\n{expires}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
