"""Tenancy: organisations, and the credentials that prove on whose behalf a request acts.

Everything that a system stores belongs to one organisation; a request's credential says which. Not here: people, their
roles, their sessions.
"""

from ninefold.core.postgres.migrations import MigrationSource

MIGRATIONS = MigrationSource(namespace="tenancy", package=__name__)
