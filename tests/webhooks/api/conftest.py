"""What the tests of the HTTP API ask for besides a caller."""

import httpx
import pytest

from openapi_operations import Operation, operations_of


@pytest.fixture
async def operations(http: httpx.AsyncClient) -> list[Operation]:
    """Every operation that the application's own document names."""
    found = operations_of((await http.get("/openapi.json")).json())
    assert len(found) >= 13
    return found
