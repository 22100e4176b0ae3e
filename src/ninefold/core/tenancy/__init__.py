"""Tenancy: organisations, people, and the credentials that authenticate requests on their behalf.

Everything that a system stores belongs to one organisation; a request's credential says which. `service` has
organisations and credentials of all kinds. `accounts`, `sessions`, `sign_in`, `second_factor`, `members` and
`invitations` are about people, `roles` says what they may do, and `audit` what they did. Nothing here knows HTTP.
"""

from ninefold.core.postgres.migrations import MigrationSource

MIGRATIONS = MigrationSource(namespace="tenancy", package=__name__)
