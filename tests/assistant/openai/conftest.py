"""One server and one worker for all tests of OpenAI's API that a test process runs."""

from collections.abc import Iterator

import pytest
from openai import OpenAI

from assistant.processes import Assistant
from shared_postgres import SharedPostgres

TOKENS_PER_MINUTE = 3_000


@pytest.fixture(scope="session")
def assistant(
    postgres: SharedPostgres, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Assistant]:
    """A server and a worker with the scripted engine."""
    settings = {
        "NINEFOLD_ASSISTANT_TOKENS_PER_MINUTE": str(TOKENS_PER_MINUTE),
        "NINEFOLD_ASSISTANT_CONCURRENCY": "16",
        "NINEFOLD_ASSISTANT_ATTEMPTS_MAX": "2",
    }
    with (
        postgres.temporary_database(template=template_database) as name,
        Assistant(postgres.dsn(database=name), tmp_path_factory.mktemp("assistant"), settings=settings) as running,
    ):
        yield running


@pytest.fixture
def client(assistant: Assistant) -> Iterator[OpenAI]:
    """The official client, with a key of a new organisation."""
    with assistant.client() as opened:
        yield opened
