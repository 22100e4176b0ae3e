"""Tests of the prices in one zone, that of the variable `ZONE`."""

import os
import unittest

from postage import WEIGHT_G_MAX, ZONES, price, price_list

ZONE = os.environ.get("ZONE", "domestic")


class TestPrices(unittest.TestCase):
    """The prices in a zone."""

    def test_the_first_kilogram_has_one_price(self) -> None:
        """A parcel of a gram costs as much as one of a kilogram."""
        assert price(1, ZONE) == price(1_000, ZONE) == ZONES[ZONE][0]

    def test_each_further_kilogram_costs_more(self) -> None:
        """The price grows by the same amount."""
        assert price(1_001, ZONE) - price(1_000, ZONE) == ZONES[ZONE][1]

    def test_a_list_has_a_line_for_each_kilogram(self) -> None:
        """Up to the largest weight."""
        lines = list(price_list(ZONE))
        assert len(lines) == WEIGHT_G_MAX // 1_000
        assert lines[-1] == f"{ZONE},{WEIGHT_G_MAX},{price(WEIGHT_G_MAX, ZONE)}"

    def test_a_parcel_that_is_too_heavy_has_no_price(self) -> None:
        """It is an error."""
        for weight_g in (0, WEIGHT_G_MAX + 1):
            with self.subTest(weight_g=weight_g):
                try:
                    price(weight_g, ZONE)
                except ValueError:
                    continue
                self.fail(f"{weight_g} g has a price")
