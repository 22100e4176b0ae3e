"""A client of the HTTP API, for tests of any system."""

from collections.abc import AsyncIterable, Mapping
from typing import Any, TypeAlias

import httpx
import msgspec

Json: TypeAlias = dict[str, Any]
"""A JSON object of a response."""

PROBLEM_FIELDS = {"type", "title", "status", "detail", "code", "is_retryable", "request_id"}


class Api:
    """Calls the HTTP API on behalf of one organisation."""

    def __init__(self, http: httpx.AsyncClient, api_key: str) -> None:
        self.http = http
        self.api_key = api_key

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: bytes | AsyncIterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request; `path` is what follows `/api/v1`."""
        if json is not None:
            content = msgspec.json.encode(json)
        sent = {"Authorization": f"Bearer {self.api_key}"}
        if content is not None:
            sent["Content-Type"] = "application/json"
        return await self.http.request(method, f"/api/v1{path}", content=content, headers={**sent, **(headers or {})})

    async def get(self, path: str) -> Json:
        """Send a GET request that succeeds; return the response."""
        return await self.done("GET", path)

    async def done(self, method: str, path: str, **given: Any) -> Json:
        """Send a request that succeeds; return the response."""
        response = await self.request(method, path, **given)
        assert response.is_success, response.text
        body: Json = response.json()
        return body

    async def refused(self, status: int, method: str, path: str, **given: Any) -> Json:
        """Send a request that fails with this status; return the problem."""
        return problem_of(await self.request(method, path, **given), status=status)

    async def walk(self, path: str, *, limit: int) -> list[list[Json]]:
        """Read every page of a list."""
        pages = []
        cursor = ""
        joint = "&" if "?" in path else "?"
        while True:
            page = await self.get(f"{path}{joint}limit={limit}{cursor}")
            pages.append(page["items"])
            if page["next_cursor"] is None:
                return pages
            cursor = f"&cursor={page['next_cursor']}"


def problem_of(response: httpx.Response, *, status: int) -> Json:
    """Check that a response is a complete problem with this status; return it."""
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json"), (
        response.text
    )
    problem: Json = response.json()
    assert problem.keys() - {"field", "remedy"} == PROBLEM_FIELDS
    assert problem["type"] == f"urn:ninefold:problem:{problem['code']}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == response.headers["x-request-id"]
    return problem
