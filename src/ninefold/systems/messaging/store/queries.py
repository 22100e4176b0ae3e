"""The named SQL queries of messaging, loaded once."""

from typing import Any

from ninefold.core.postgres.queries import load_queries

queries: Any = load_queries("ninefold.systems.messaging")
