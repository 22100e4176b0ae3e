"""Documents with public keys (JWKS), which are fetched from a URL that a source names."""

from typing import Final, Protocol
from uuid import UUID

import msgspec

from ninefold.systems.callbacks.model import Source
from ninefold.systems.callbacks.verification import Rejected

URL_OPTION: Final = "jwks_url"
DOCUMENT_OPTION: Final = "jwks"


class KeyDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What was fetched from a URL."""

    text: str = ""
    error: str | None = None
    """Why there is no text, in one sentence."""


class KeyDocuments(Protocol):
    """The documents that a worker has fetched. Nothing here waits for a request."""

    def find(self, url: str, *, source_id: UUID) -> KeyDocument | None:
        """Return the document of a source's URL.

        None if it is being fetched, which this call may have begun; the source waits until then.
        """
        ...

    def refresh(self, url: str, *, source_id: UUID) -> bool:
        """Fetch the document of a source's URL again, because a key may be new; the source waits until then.

        Return False if it was fetched just now, so that the source doesn't wait.
        """
        ...


def key_url_of(source: Source) -> str | None:
    """Return the URL of a source's key document; None if it has none or has the document itself."""
    return None if source.options.get(DOCUMENT_OPTION) else source.options.get(URL_OPTION) or None


def with_keys(source: Source, document: KeyDocument) -> Source:
    """Return a source with a document in its options, as verification expects it."""
    return msgspec.structs.replace(source, options={**source.options, DOCUMENT_OPTION: document.text})


def unavailable(document: KeyDocument) -> Rejected:
    """Return why a callback can't be verified whose keys couldn't be fetched."""
    # Not one of the reasons that verification itself has, because it fetches nothing.
    return Rejected("keys_unavailable", f"The keys couldn't be fetched: {document.error}")  # type: ignore[arg-type]
