"""A client of the callbacks' HTTP API and a provider that signs as GitHub does, for tests."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Mapping
from uuid import uuid4

import httpx

from http_api import Api, Json
from installations import SECRETS_KEY
from ninefold.core.ids import parse_id
from ninefold.core.secrets import Sealer
from ninefold.systems.callbacks.model import SOURCE_PREFIX
from ninefold.systems.callbacks.service.configurations import CONFIGURATIONS

SECRET = "It's a Secret to Everybody"


class CallbacksApi(Api):
    """Manages sources and reads callbacks on behalf of one organisation."""

    async def create_source(self, *, provider: str = "github", **fields: object) -> Json:
        """Create a source with a secret of GitHub, unless other fields are given."""
        body = {"provider": provider, "name": "Code", "secrets": [SECRET], **fields}
        created = await self.done("POST", "/sources", json=body)
        # Only this answer has it, and only if the source forwards.
        if created["forward_secret"] is None:
            del created["forward_secret"]
        return created

    async def call(self, source: Json, body: bytes = b'{"zen":"Keep it simple."}', **given: object) -> httpx.Response:
        """Call a source's URL as GitHub does."""
        return await call_as_github(self.http, source["ingest_url"], body, **given)  # type: ignore[arg-type]

    async def judged(self, count: int, *, source: Json, timeout_s: float = 10.0) -> list[Json]:
        """Wait until this many callbacks of a source are there and none waits for its verification; newest first."""
        async with asyncio.timeout(timeout_s):
            while True:
                page = await self.get(f"/callbacks?source_id={source['source_id']}&limit=100")
                found: list[Json] = page["items"]
                if len(found) >= count and all(each["status"] != "received" for each in found):
                    return found
                await asyncio.sleep(0.01)


def seal(source: Json, *, key: bytes = SECRETS_KEY, **configuration: object) -> bytes:
    """Return sealed secrets and options of a source, unchecked."""
    purpose = CONFIGURATIONS.purpose(parse_id(SOURCE_PREFIX, source["source_id"]))
    return Sealer(key).seal(json.dumps(configuration), purpose=purpose)


def github_headers(
    body: bytes, *, secret: str = SECRET, event: str = "ping", delivery: str | None = None
) -> dict[str, str]:
    """Return the headers of GitHub: https://docs.github.com/en/webhooks/webhook-events-and-payloads."""
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "content-type": "application/json",
        "user-agent": "GitHub-Hookshot/044aadd",
        "x-github-delivery": delivery or str(uuid4()),
        "x-github-event": event,
        "x-hub-signature-256": f"sha256={signature}",
    }


async def call_as_github(
    http: httpx.AsyncClient,
    url: str,
    body: bytes,
    *,
    secret: str = SECRET,
    event: str = "ping",
    delivery: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """Send a callback that is signed with a secret."""
    signed = github_headers(body, secret=secret, event=event, delivery=delivery)
    return await http.post(httpx.URL(url).path, content=body, headers={**signed, **(headers or {})})
