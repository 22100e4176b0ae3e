"""The hash chain of the journal: what is hashed of each transfer, and how blocks are linked."""

import hashlib
from collections.abc import Iterable
from typing import Final

import msgspec

from ninefold.systems.payments.model.ledger import JournalEntry

GENESIS: Final = bytes(32)
"""What the first block has instead of the hash of the block before."""

_encode: Final = msgspec.json.Encoder().encode


def hash_block(previous_hash: bytes, entries: Iterable[JournalEntry]) -> bytes:
    """Return the hash of a block: SHA-256 over the hash of the block before and a line for each of its transfers.

    A line is a JSON array of all columns of a transfer in the order of `JournalEntry`, with times in UTC.
    """
    digest = hashlib.sha256(previous_hash)
    for entry in entries:
        digest.update(_encode(msgspec.structs.astuple(entry)))
        digest.update(b"\n")
    return digest.digest()
