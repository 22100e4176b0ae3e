"""What the demo publishes: real GitHub webhooks where the corpus lies next to the repository, a sample otherwise."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

import msgspec

import ninefold

CORPUS: Final = Path("shared", "corpus", "github_webhook_payloads.ndjson")
"""Relative to the folder that the repository lies in."""

SAMPLE: Final = "sample.ndjson"


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """One event to publish."""

    event_type: str
    body: bytes
    """The payload's JSON, exactly as it stands in the file."""


class PayloadFile(msgspec.Struct, frozen=True, kw_only=True):
    """Payloads, and where they come from, in words for people."""

    origin: str
    payloads: list[Payload]


class _Line(msgspec.Struct, frozen=True):
    event: str
    payload: msgspec.Raw


def read_payloads(*, repository: Path | None = None) -> PayloadFile:
    """Read the corpus, or the sample where there is none.

    Args:
        repository: the repository's folder; by default the one that this code runs from, where it does.
    """
    corpus = (repository or Path(ninefold.__file__).parents[2]).parent / CORPUS
    if corpus.is_file():
        return PayloadFile(origin="GitHub webhooks of the corpus", payloads=_read(corpus))
    sample = files(__package__).joinpath(SAMPLE)
    return PayloadFile(origin="sample webhooks that come with Ninefold", payloads=_read(sample))


def _read(file: Path | Traversable) -> list[Payload]:
    lines = [
        # Raw keeps the bytes: decoding and encoding again would spell numbers and order keys anew.
        msgspec.json.decode(line, type=_Line)
        for line in file.read_bytes().splitlines()
        if line.strip()
    ]
    return [Payload(event_type=f"github.{line.event}", body=bytes(line.payload)) for line in lines]
