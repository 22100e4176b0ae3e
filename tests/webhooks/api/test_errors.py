"""Paths that look like the webhooks' own and aren't; what is refused everywhere is tested for every system."""

import pytest

from webhooks.webhooks_api import WebhooksApi


@pytest.mark.parametrize("path", ["/", "/nothing", "/subscriptions/a/b/c", "/events/batch/1", "/webhooks"])
async def test_an_unknown_path_is_not_found(api: WebhooksApi, path: str) -> None:
    assert (await api.refused(404, "GET", path))["code"] in {"route_not_found", "not_found"}
