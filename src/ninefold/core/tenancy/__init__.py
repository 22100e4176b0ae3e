"""Tenancy: organisations, and the credentials that authenticate requests on their behalf.

Everything that a system stores belongs to one organisation; a request's credential says which. Users, roles and
sessions aren't part of this package.
"""

from ninefold.core.postgres.migrations import MigrationSource

MIGRATIONS = MigrationSource(namespace="tenancy", package=__name__)
