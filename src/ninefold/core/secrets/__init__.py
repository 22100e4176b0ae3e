"""Seals what must be kept and read again, such as keys that sign, and passwords for other services.

    sealed = sealer.seal("hunter2", purpose=f"shop.password:{password_id}")
    assert sealer.open(sealed, purpose=f"shop.password:{password_id}") == "hunter2"

A system lists its columns with sealed values in its wiring (`SealedColumn`), so that they are sealed again with another
key. Credentials that are only compared are stored as digests instead. docs/operations.md says how keys are replaced.
"""

from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.secrets.columns import SealedColumn, open_value, purpose_of_row
from ninefold.core.secrets.errors import SealError, SecretsKeyMissingError
from ninefold.core.secrets.keys import KEY_BYTES, KEY_FILE
from ninefold.core.secrets.sealer import Sealer

MIGRATIONS = MigrationSource(namespace="secrets", package=__name__)

__all__ = [
    "KEY_BYTES",
    "KEY_FILE",
    "MIGRATIONS",
    "SealError",
    "SealedColumn",
    "Sealer",
    "SecretsKeyMissingError",
    "open_value",
    "purpose_of_row",
]
