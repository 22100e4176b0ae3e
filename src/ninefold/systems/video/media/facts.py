"""A probe as JSON, which is kept with the title: what people see of a source, and what its encoders need."""

from fractions import Fraction
from typing import Any

import msgspec

from ninefold.systems.video.media.probe import Probe


def probe_to_data(probe: Probe) -> dict[str, Any]:
    """Return a probe as JSON can have it."""
    data: dict[str, Any] = msgspec.to_builtins(probe, enc_hook=_encode)
    return data


def probe_from_data(data: dict[str, Any]) -> Probe:
    """Return the probe that was kept."""
    return msgspec.convert(data, Probe, dec_hook=_decode)


def _encode(value: object) -> str:
    assert isinstance(value, Fraction), "a probe has nothing else"
    return str(value)


# Any, because msgspec asks for whatever type isn't one of its own.
def _decode(_: type, value: Any) -> Any:
    return Fraction(value)
