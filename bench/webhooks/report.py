"""Prints the results as tables."""

from typing import Any, Final

from neighbours import RATIO_MAX
from rich.console import Console
from rich.table import Table

PEAK_RSS_MB_MAX: Final = 150.0

_PARTS: Final = ("server", "worker", "postgresql")
_DELIVERY_ROWS: Final = (
    ("limit: a bare loop that signs and posts", "limit"),
    ("the client alone", "egress"),
    ("the whole path, fan-out 5", "ninefold"),
    ("the limit, at the whole path's rate", "limit_at_same_rate"),
)
_NEIGHBOUR_ROWS: Final = (
    ("good receivers alone", "alone"),
    ("and one that responds after 10 s", "one_hanging"),
    ("and 20 that never respond", "twenty_silent"),
)

_console = Console(width=110)


def print_delivery(results: dict[str, Any]) -> None:
    """Print the CPU time per delivery, latencies and memory."""
    table = Table(
        title=f"Webhook delivery, payloads of {results['payload_bytes']} bytes, {results['cores']} cores "
        f"(load {results['load_average_before']} before the start), median of {len(results['rounds'])} rounds"
    )
    for heading in ("", "deliveries/s", "CPU µs per delivery", "peak memory"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, key in _DELIVERY_ROWS:
        figures = results[key]
        rate, cpu_us = f"{figures['deliveries_per_s']:,}", f"{figures['cpu_us_per_delivery_total']:.1f}"
        table.add_row(name, rate, cpu_us, f"{figures['peak_rss_mb']} MB")
    _console.print(table)
    _print_cpu("At full speed", results["ninefold"])
    _console.print(
        f"  {results['cpu_ratio_to_limit']} times the limit at the same rate; the worker alone "
        f"{results['worker_cpu_ratio_to_limit']} times."
    )
    paced, in_flight = results["paced"], results["in_flight"]
    _print_cpu(f"At {paced['deliveries_per_s']:,} deliveries/s", paced)
    _console.print(
        f"  p50 {paced['p50_ms']} ms, p99 {paced['p99_ms']} ms from acceptance to the subscriber's response."
    )
    _console.print(
        f"With {in_flight['in_flight']:,} requests in flight: peak memory of the worker {in_flight['peak_rss_mb']} MB "
        f"(target: at most {PEAK_RSS_MB_MAX:.0f} MB)."
    )


def print_publishing(results: dict[str, Any]) -> None:
    """Print what an event costs that is published by itself."""
    _console.print(
        f"{results['events']:,} events, one a request, over {results['connections']} connections: "
        f"{results['events_per_s']:,}/s, cpu_us_per_event_total {results['cpu_us_per_event_total']} = "
        f"server {results['cpu_us_per_event_server']} + postgresql {results['cpu_us_per_event_postgresql']}; "
        f"{results['ratio_to_batches']} times an event of a batch of 100."
    )


def print_neighbours(results: dict[str, Any]) -> None:
    """Print how much later the good receivers get their deliveries."""
    table = Table(
        title=f"{results['good_receivers']} good receivers, {results['good_per_s']} deliveries/s; bad ones get "
        f"{results['bad_per_s']} events/s; best of {len(results['rounds'])} rounds of {results['seconds']} s"
    )
    for heading in ("", "p50", "p99", "p50 ratio", "p99 ratio", f"target: {RATIO_MAX}"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, key in _NEIGHBOUR_ROWS:
        figures = results[key]
        verdict = "reached" if figures["p99_ratio"] <= RATIO_MAX else "not reached"
        table.add_row(
            name,
            f"{figures['p50_ms']:,} ms",
            f"{figures['p99_ms']:,} ms",
            f"{figures['p50_ratio']:.2f}",
            f"{figures['p99_ratio']:.2f}",
            "" if key == "alone" else verdict,
        )
    _console.print(table)


def print_tiers(results: dict[str, Any]) -> None:
    """Print how much later critical events arrive while bulk deliveries wait."""
    table = Table(
        title=f"Critical events, alone and with {results['bulk_deliveries']:,} bulk deliveries; "
        f"median of {len(results['rounds'])} rounds"
    )
    for heading in ("", "p50", "p99"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, key in (("critical events alone", "alone"), ("with the backlog", "bulk_flood")):
        table.add_row(name, f"{results[key]['p50_ms']:,} ms", f"{results[key]['p99_ms']:,} ms")
    _console.print(table)
    verdict = "reached" if results["p99_ratio"] <= RATIO_MAX else "not reached"
    _console.print(
        f"  p50 ratio {results['p50_ratio']:.2f}, p99 ratio {results['p99_ratio']:.2f} "
        f"(target: {RATIO_MAX}, {verdict})."
    )


def _print_cpu(when: str, figures: dict[str, Any]) -> None:
    parts = " + ".join(f"{part} {figures[f'cpu_us_per_delivery_{part}']}" for part in _PARTS)
    _console.print(f"{when}: cpu_us_per_delivery_total {figures['cpu_us_per_delivery_total']} = {parts}")


def print_growth(name: str, results: dict[str, Any], *, ratio_max: float) -> None:
    """Print what a delivery costs when much is there already, relative to when it isn't."""
    few, many = (
        "/".join(f"{each[key]['cpu_us_per_delivery_total']:.0f}" for each in results["rounds"])
        for key in ("few", "many")
    )
    reached = "reached" if results["cpu_ratio"] <= ratio_max else "not reached"
    _console.print(
        f"{name}: {many} µs of CPU per delivery instead of {few}, ratio {results['cpu_ratio']} "
        f"(target: {ratio_max}, {reached})."
    )


def print_order(results: dict[str, Any]) -> None:
    """Print what deliveries in order cost, and how fast they are."""
    for name, keys in results["keys"].items():
        figures = results[name]
        order = f"in order, {keys} {'key' if keys == 1 else 'keys'}" if keys else "without order"
        _console.print(
            f"{order}: {figures['deliveries_per_s']:,.0f} deliveries/s to {results['fan_out']} subscriptions, "
            f"{figures['cpu_us_per_delivery_total']:,.0f} µs of CPU per delivery."
        )
