"""OPTIONS lists the methods of a path."""

import httpx
import pytest


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/api/v1/notes", "GET, HEAD, POST, OPTIONS"),
        ("/api/v1/notes/note_01h455vb4pex5vsknk084sn02q", "GET, HEAD, DELETE, OPTIONS"),
        ("/api/v1/notes/order", "PUT, OPTIONS"),
        ("/healthz", "GET, HEAD, OPTIONS"),
        ("/api/v1/notes/", "GET, HEAD, POST, OPTIONS"),
        ("/api//v1/notes", "GET, HEAD, POST, OPTIONS"),
    ],
)
async def test_options_returns_204_with_every_method_of_the_path(
    client: httpx.AsyncClient, path: str, allowed: str
) -> None:
    response = await client.options(path)

    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["allow"] == allowed


async def test_options_of_an_unknown_path_gets_404(client: httpx.AsyncClient) -> None:
    assert (await client.options("/nowhere")).status_code == 404
