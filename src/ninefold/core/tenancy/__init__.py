"""Tenancy: organisations, and the API keys that speak for them.

Everything that a system stores belongs to one organisation; a request's key says which. Not here: people,
their roles, their sessions.
"""

from ninefold.core.postgres.migrations import MigrationSource

MIGRATIONS = MigrationSource(namespace="tenancy", package=__name__)
