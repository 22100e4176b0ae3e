"""The Prometheus metrics of settlement. Workers count batches."""

from typing import Final

from prometheus_client import Counter

BATCHES: Final = Counter("ninefold_payments_batches_total", "Batches of settlements that have ended.")
