"""The named SQL queries of video, loaded once."""

from typing import Any

from ninefold.core.postgres.queries import load_queries

queries: Any = load_queries("ninefold.systems.video")
