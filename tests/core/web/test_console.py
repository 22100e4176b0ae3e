"""The console's page and files: found, cached, compressed, and safe to open."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar, Request, Response

from ninefold.core.web.console import PAGES, console_errors, console_routes
from ninefold.core.web.problems import as_ninefold_error

PAGE = '<!doctype html><meta name="ninefold-systems" content=""><script src="/assets/index-1a.js"></script>'
REFERENCE = '<!doctype html><title>API</title><script src="/assets/docs-1a.js"></script>'
SCRIPT = "console.log(1);\n" * 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "docs.html").write_text(REFERENCE)
    (tmp_path / "assets" / "index-1a.js").write_text(SCRIPT)
    return tmp_path


@pytest.fixture
async def client(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with served(folder) as client:
        yield client


def served(folder: Path) -> httpx.AsyncClient:
    errors = console_errors(["notes"], folder=folder)

    def show_error(request: Request[Any, Any, Any], exception: Exception) -> Response[Any]:
        return errors(request, as_ninefold_error(request, exception))

    app = Litestar(
        console_routes(["notes"], folder=folder),
        exception_handlers={Exception: show_error},
        openapi_config=None,
        logging_config=None,
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ninefold.test")  # type: ignore[arg-type]


@pytest.mark.parametrize("path", [*PAGES, "/settings/keys", "/notes", "/notes/a/b?find=c"])
async def test_every_address_of_the_console_has_the_page(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path)

    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["cache-control"] == "no-cache"


async def test_the_page_names_the_enabled_systems(client: httpx.AsyncClient) -> None:
    assert 'name="ninefold-systems" content="notes"' in (await client.get("/")).text


@pytest.mark.parametrize("path", ["/other", "/assets/missing.js", "/assets/../index.html"])
async def test_any_other_address_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_a_browser_at_an_unknown_address_gets_the_page_that_leads_back(client: httpx.AsyncClient) -> None:
    response = await client.get("/other", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})

    assert response.status_code == 404
    assert response.text.startswith("<!doctype html>")
    assert response.headers["content-security-policy"] == (await client.get("/")).headers["content-security-policy"]


async def test_a_program_at_an_unknown_address_gets_a_problem(client: httpx.AsyncClient) -> None:
    response = await client.get("/other")

    assert response.status_code == 404
    assert response.json()["code"] == "route_not_found"


async def test_the_page_may_only_load_what_this_server_has(client: httpx.AsyncClient) -> None:
    policy = (await client.get("/")).headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


async def test_the_api_reference_is_a_page_of_its_own_with_the_same_policy(client: httpx.AsyncClient) -> None:
    response = await client.get("/docs")

    assert response.text == REFERENCE
    assert response.headers["content-security-policy"] == (await client.get("/")).headers["content-security-policy"]


async def test_without_a_built_console_the_api_reference_says_how_to_get_it(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        response = await client.get("/docs")

    assert response.status_code == 404
    assert "make console" in response.json()["remedy"]
    assert "/openapi.json" in response.json()["remedy"]


async def test_files_are_kept_by_browsers_and_compressed(client: httpx.AsyncClient) -> None:
    async with client.stream("GET", "/assets/index-1a.js", headers={"accept-encoding": "gzip"}) as response:
        sent = b"".join([chunk async for chunk in response.aiter_raw()])

    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["content-type"].startswith("text/javascript")
    assert gzip.decompress(sent).decode() == SCRIPT


async def test_a_client_without_gzip_gets_the_file_as_it_is(client: httpx.AsyncClient) -> None:
    response = await client.get("/assets/index-1a.js", headers={"accept-encoding": "identity"})

    assert "content-encoding" not in response.headers
    assert response.text == SCRIPT


async def test_a_page_that_has_not_changed_is_not_sent_again(client: httpx.AsyncClient) -> None:
    etag = (await client.get("/")).headers["etag"]
    response = await client.get("/", headers={"if-none-match": etag})

    assert (response.status_code, response.content) == (304, b"")


async def test_an_installation_without_the_console_says_how_to_build_it(tmp_path: Path) -> None:
    async with served(tmp_path / "nothing") as client:
        response = await client.get("/settings")

    assert response.status_code == 404
    assert response.json()["code"] == "console_missing"
    assert "make console" in response.json()["remedy"]
