"""Blobs in each kind of store, and a database with their rows."""

import logging
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from moto.server import ThreadedMotoServer

from blob_contents import BUCKET, StoredObjects, create_bucket
from durable_jobs import Jobs
from ninefold.core.blobs import Blobs
from ninefold.core.blobs.objects import ObjectStore, open_objects
from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Database


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    """The address of a server that imitates S3 (moto)."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_environment(s3_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What points clients of S3 at that server."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "only-in-the-environment")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")


@pytest.fixture(params=["folder", "s3"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty store of each kind."""
    if request.param == "folder":
        return f"file://{tmp_path}/blobs"
    request.getfixturevalue("s3_environment")
    create_bucket(request.getfixturevalue("s3_address"))
    # Each test has a prefix of its own.
    return f"s3://{BUCKET}/{tmp_path.name}"


@pytest.fixture
def objects(store_url: str, tmp_path: Path) -> ObjectStore:
    """A store of each kind."""
    return open_objects(store_url, data_dir=tmp_path)


@pytest.fixture
def stored(objects: ObjectStore) -> StoredObjects:
    """What is in the store."""
    return StoredObjects(objects)


@pytest.fixture
def blobs(objects: ObjectStore) -> Blobs:
    """Blobs of which an organisation can have 50 MB."""
    return Blobs(objects, organisation_bytes_max=50_000_000)


@pytest.fixture
def organisation_id() -> UUID:
    """An organisation."""
    return new_id()


@pytest.fixture
def jobs(database: Database) -> Jobs:
    """The jobs table."""
    return Jobs(database)
