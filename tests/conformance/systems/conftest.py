"""Fixtures of the suites that run on all systems: each system, its operations, and its sample data."""

import sys
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

import pytest

from http_api import Api
from in_process import Applications, StartWorker
from ninefold.core.postgres.database import Database
from ninefold.core.system import AnySystem, NoSettings, System
from ninefold.edge.systems import CORE, SYSTEMS
from openapi_operations import Operation
from receivers import Receiver
from sample_data import SampleContext, SampleData, sample_maker_of

WITHOUT_ROUTES = System[NoSettings](name="only_commands").routes
"""The routes of a system that lists none: its commands work without a server, so it has no operations to test."""

WITH_ROUTES = [system for system in (CORE, *SYSTEMS) if system.routes is not WITHOUT_ROUTES]


@pytest.fixture(params=WITH_ROUTES, ids=lambda system: system.name)
def system(request: pytest.FixtureRequest) -> AnySystem:
    """Each system, and the core; one without sample data fails here, in every suite."""
    found: AnySystem = request.param
    sample_maker_of(found.name)
    return found


@pytest.fixture(scope="session")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of git repositories: one for all tests of a process, so that they share an application."""
    return tmp_path_factory.mktemp("repositories")


@pytest.fixture
def environment(repositories: Path) -> Mapping[str, str]:
    """Settings with which every operation can succeed: the chess engine has to be there, but never plays here."""
    return {
        "NINEFOLD_CHESS_STOCKFISH": sys.executable,
        "NINEFOLD_WORKFLOWS_REPOSITORIES": str(repositories),
        "NINEFOLD_SECRETS_KEY": b64encode(bytes(32)).decode(),
    }


@pytest.fixture
async def sample_data(
    *,
    system: AnySystem,
    api: Api,
    receiver: Receiver,
    start_worker: StartWorker,
    database: Database,
    environment: Mapping[str, str],
) -> SampleData:
    """The organisation's data in the system."""
    make = sample_maker_of(system.name)
    return await make(SampleContext(api, receiver, start_worker, database, environment))


@pytest.fixture
async def operations(system: AnySystem, applications: Applications) -> list[Operation]:
    """The system's operations in the OpenAPI document that need credentials.

    The others are named in a table of `tests/conformance/test_roles.py`, and tested one by one.
    """
    found = [each for each in await applications.operations_of(system) if each.is_authenticated]
    assert found, f"The OpenAPI document has no operation of the system {system.name}."
    return found
