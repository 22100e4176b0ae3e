"""How long encoding still takes, at the speed so far."""

from collections.abc import Mapping


def seconds_left(
    left: Mapping[str, float], *, pixels: Mapping[str, int], speeds: Mapping[str, float], at_once: int
) -> float | None:
    """Return how many seconds the rest takes; None if nothing was measured yet.

    A rung of which nothing is encoded yet is taken to need as long for a pixel as the ones that were measured.

    Args:
        left: how many seconds of the title each rung still lacks.
        pixels: of a picture of each rung.
        speeds: how many seconds each rung took for a second of the title, as far as that was measured.
        at_once: how many chunks are encoded at the same time.
    """
    measured = [name for name in speeds if name in pixels]
    if not measured:
        return None
    of_pixel = sum(speeds[name] for name in measured) / sum(pixels[name] for name in measured)
    work_s = sum(duration_s * speeds.get(name, of_pixel * pixels[name]) for name, duration_s in left.items())
    return work_s / at_once
