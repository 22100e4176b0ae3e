"""One server and one worker for all tests of Lichess's API that a test process runs."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from chess_engines import EngineProgram
from chess_installation import ChessInstallation
from lichess_players import Pair
from shared_postgres import SharedPostgres


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> EngineProgram:
    return EngineProgram(tmp_path_factory.mktemp("engine"))


@pytest.fixture(scope="session")
def installation(
    postgres: SharedPostgres, template_database: str, tmp_path_factory: pytest.TempPathFactory, engine: EngineProgram
) -> Iterator[ChessInstallation]:
    settings = {"NINEFOLD_CHESS_STOCKFISH": str(engine.path)}
    with (
        postgres.temporary_database(template=template_database) as name,
        ChessInstallation(postgres.dsn(database=name), tmp_path_factory.mktemp("chess"), settings) as running,
    ):
        yield running


@pytest.fixture
def organisation_id(installation: ChessInstallation) -> UUID:
    return installation.new_organisation()


@pytest.fixture
def bots(installation: ChessInstallation, organisation_id: UUID) -> Pair:
    return Pair(installation, organisation_id, is_bot=True)


@pytest.fixture
def people(installation: ChessInstallation, organisation_id: UUID) -> Pair:
    return Pair(installation, organisation_id, is_bot=False)
