"""The named SQL queries of chess, loaded once."""

from typing import Any

from ninefold.core.postgres.queries import load_queries

queries: Any = load_queries("ninefold.systems.chess")
