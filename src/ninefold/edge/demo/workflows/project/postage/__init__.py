"""Prices of parcels, in cents."""

from collections.abc import Iterator

VERSION = "1.2.0"

ZONES = {"domestic": (420, 95), "europe": (980, 210), "world": (1_650, 480)}
"""The price of the first kilogram, and of each further one."""

WEIGHT_G_MAX = 20_000


def price(weight_g: int, zone: str) -> int:
    """Return the price of a parcel."""
    if zone not in ZONES:
        raise ValueError(f"{zone} isn't one of the zones {', '.join(ZONES)}.")
    if not 0 < weight_g <= WEIGHT_G_MAX:
        raise ValueError(f"A parcel has at most {WEIGHT_G_MAX} g, but this one has {weight_g} g.")
    first, further = ZONES[zone]
    return first + (weight_g - 1) // 1_000 * further


def price_list(zone: str) -> Iterator[str]:
    """Yield a line for each kilogram."""
    for weight_g in range(1_000, WEIGHT_G_MAX + 1, 1_000):
        yield f"{zone},{weight_g},{price(weight_g, zone)}"
