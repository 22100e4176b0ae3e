"""What the demo publishes: real GitHub webhooks if the corpus is next to the repository, otherwise a sample."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

import msgspec

import ninefold

CORPUS: Final = Path("shared", "corpus", "github_webhook_payloads.ndjson")
"""Relative to the parent folder of the repository."""

SAMPLE: Final = "sample.ndjson"


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """One event to publish."""

    event_type: str
    body: bytes
    """The payload's JSON, exactly as it is in the file."""


class PayloadFile(msgspec.Struct, frozen=True, kw_only=True):
    """Payloads, and a description of where they come from."""

    origin: str
    payloads: list[Payload]


class _Line(msgspec.Struct, frozen=True):
    event: str
    payload: msgspec.Raw


def read_payloads(*, repository: Path | None = None) -> PayloadFile:
    """Read the corpus, or the sample if there is no corpus.

    Args:
        repository: the repository's folder; by default that of the running code.
    """
    corpus = (repository or Path(ninefold.__file__).parents[2]).parent / CORPUS
    if corpus.is_file():
        return PayloadFile(origin="GitHub webhooks from the corpus", payloads=_read(corpus))
    sample = files(__package__).joinpath(SAMPLE)
    return PayloadFile(origin="sample webhooks included in Ninefold", payloads=_read(sample))


def _read(file: Path | Traversable) -> list[Payload]:
    lines = [
        # Raw keeps the bytes. Decoding and encoding again would change the notation of numbers and the order of keys.
        msgspec.json.decode(line, type=_Line)
        for line in file.read_bytes().splitlines()
        if line.strip()
    ]
    return [Payload(event_type=f"github.{line.event}", body=bytes(line.payload)) for line in lines]
