"""The list of systems, and what is collected from it."""

import msgspec
import pytest

from core.tenancy.foreign_kinds import BOT_TOKEN
from ninefold.core import blobs, jobs, live, queue, secrets, tenancy
from ninefold.core.system import AnySystem, System
from ninefold.core.tenancy.personal_kinds import PERSONAL_KINDS
from ninefold.edge import systems
from ninefold.edge.systems import SYSTEMS, credential_kinds, migration_sources

EMPTY: AnySystem = System(name="empty")


def test_a_system_without_tables_has_no_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systems, "SYSTEMS", (EMPTY, SYSTEMS[0]))

    assert migration_sources() == [
        tenancy.MIGRATIONS,
        queue.MIGRATIONS,
        jobs.MIGRATIONS,
        live.MIGRATIONS,
        blobs.MIGRATIONS,
        secrets.MIGRATIONS,
        SYSTEMS[0].migrations,
    ]


def test_the_kinds_of_credentials_of_people_and_of_all_systems_are_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    with_tokens = msgspec.structs.replace(EMPTY, credential_kinds=[BOT_TOKEN])
    monkeypatch.setattr(systems, "SYSTEMS", (EMPTY, with_tokens))

    assert credential_kinds() == [*PERSONAL_KINDS, BOT_TOKEN]
