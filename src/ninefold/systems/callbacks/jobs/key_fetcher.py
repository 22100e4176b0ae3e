"""Fetches documents with public keys (JWKS) for the verification of callbacks, and keeps them for a while."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Final
from uuid import UUID

import msgspec
import structlog

from ninefold.core.egress import EgressClient, EgressError, InvalidTargetError, parse_target
from ninefold.systems.callbacks.service.key_documents import KeyDocument

DOCUMENT_BYTES_MAX: Final = 64 * 1024
TIMEOUT_S: Final = 10.0
KEPT_S: Final = 300.0
"""How long a document is used. An unknown key refreshes it earlier."""

REFRESH_INTERVAL_S: Final = 30.0
"""A document isn't fetched more often, however many callbacks with unknown keys come, or however often it fails."""

DOCUMENTS_MAX: Final = 1_000
_OK: Final = 200

log = structlog.get_logger(__name__)


class _Entry(msgspec.Struct):
    document: KeyDocument | None = None
    fetched_at_s: float = 0.0
    task: "asyncio.Task[None] | None" = None
    waiting: set[UUID] = msgspec.field(default_factory=set)
    """The sources whose callbacks need what is being fetched."""


class KeyFetcher:
    """The documents of a worker. It forgets the least recently used one.

    Args:
        egress: sends the requests.
        on_fetched: called when a document has been fetched, or when that has failed.
    """

    def __init__(self, egress: EgressClient, *, on_fetched: Callable[[], None]) -> None:
        self._egress = egress
        self._on_fetched = on_fetched
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    @property
    def waiting_sources(self) -> set[UUID]:
        """The sources whose documents are being fetched."""
        return {source_id for entry in self._entries.values() for source_id in entry.waiting}

    def find(self, url: str, *, source_id: UUID) -> KeyDocument | None:
        """Return the document of a source's URL; None while it is being fetched."""
        entry = self._entries.get(url)
        if entry is None:
            entry = self._entries[url] = _Entry()
            if len(self._entries) > DOCUMENTS_MAX:
                _, forgotten = self._entries.popitem(last=False)
                if forgotten.task is not None:
                    forgotten.task.cancel()
        self._entries.move_to_end(url)
        kept_s = KEPT_S if entry.document is not None and entry.document.error is None else REFRESH_INTERVAL_S
        if entry.task is None and (entry.document is None or self._age_s(entry) > kept_s):
            self._begin(url, entry)
        if entry.task is not None:
            entry.waiting.add(source_id)
            return None
        return entry.document

    def refresh(self, url: str, *, source_id: UUID) -> bool:
        """Fetch the document of a source's URL again; return False if it was fetched just now."""
        entry = self._entries.get(url)
        if entry is None or (entry.task is None and self._age_s(entry) > REFRESH_INTERVAL_S):
            entry = self._entries.setdefault(url, _Entry())
            self._begin(url, entry)
        if entry.task is None:
            return False
        entry.waiting.add(source_id)
        return True

    def close(self) -> None:
        """Stop fetching."""
        for entry in self._entries.values():
            if entry.task is not None:
                entry.task.cancel()

    def _age_s(self, entry: _Entry) -> float:
        return asyncio.get_running_loop().time() - entry.fetched_at_s

    def _begin(self, url: str, entry: _Entry) -> None:
        entry.task = asyncio.get_running_loop().create_task(self._fetch(url, entry))

    async def _fetch(self, url: str, entry: _Entry) -> None:
        try:
            entry.document = await self._request(url)
            if entry.document.error is not None:
                log.warning("callbacks.keys.unavailable", error=entry.document.error)
        finally:
            entry.fetched_at_s = asyncio.get_running_loop().time()
            entry.task = None
            entry.waiting.clear()
            self._on_fetched()

    async def _request(self, url: str) -> KeyDocument:
        try:
            response = await self._egress.request(
                "GET",
                parse_target(url),
                headers=[("accept", "application/json")],
                timeout_s=TIMEOUT_S,
                body_bytes_max=DOCUMENT_BYTES_MAX,
            )
        except (EgressError, InvalidTargetError) as error:
            return KeyDocument(error=str(error))
        if response.status != _OK:
            return KeyDocument(error=f"The server answered {response.status}.")
        try:
            return KeyDocument(text=response.body.decode())
        except UnicodeDecodeError:
            return KeyDocument(error="The document isn't UTF-8.")
