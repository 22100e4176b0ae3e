"""Signatures of foreign origin are verified."""

from datetime import UTC, datetime

import msgspec
import pytest

from callbacks.verification.received import received
from callbacks.verification.vectors import VECTORS, Vector
from ninefold.systems.callbacks.verification import Rejected, Secret, Verified, find_provider, verify

every_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.origin)


def verification(vector: Vector) -> Verified | Rejected:
    at = datetime.fromtimestamp(vector.unix_time, tz=UTC)
    request = received(vector.headers, vector.body, url=vector.url, at=at)
    return verify(find_provider(vector.provider), request, [Secret(vector.secret)], options=vector.options)


@every_vector
def test_a_signature_of_foreign_origin_is_verified(vector: Vector) -> None:
    result = verification(vector)

    assert (result.reason if isinstance(result, Rejected) else None) == vector.reason, result


@pytest.mark.parametrize(
    "vector", [each for each in VECTORS if each.reason is not None], ids=lambda vector: vector.origin
)
def test_the_time_is_looked_at_only_if_the_signature_is_right(vector: Vector) -> None:
    result = verification(msgspec.structs.replace(vector, body=vector.body + b" "))

    assert isinstance(result, Rejected)
    assert result.reason == "signature_mismatch"
