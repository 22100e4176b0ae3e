"""The commands of profiles and of the model, against a fake server: what they send, and how they show its answers."""

import json
from functools import partial
from typing import Any, Final

import httpx
import pytest

from ninefold.core.commands import ApiClient
from ninefold.edge.cli import EXIT_FAILED, run

PROFILE_ID: Final = "vpr_01h455vb4pex5vsknk084sn02q"
PROFILES: Final = "/api/v1/video/profiles"
PROFILE: Final[dict[str, Any]] = {
    "profile_id": PROFILE_ID,
    "name": "Ines",
    "maturity_max": 12,
    "external_id": None,
    "created_at": "2026-01-02T03:04:05Z",
}
MODEL: Final[dict[str, Any]] = {
    "kind": "als",
    "why": None,
    "trained_at": "2026-01-02T03:04:05Z",
    "profiles": 2_000,
    "titles": 1_000,
    "watches": 24_000,
    "factors": 32,
    "held_out": 2_000,
    "recall_k": 10,
    "recall_model": 0.391,
    "recall_popularity": 0.129,
}


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[httpx.Request]:
    """The requests that a fake server gets."""
    received: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        received.append(request)
        if request.url.path.endswith("/model"):
            return httpx.Response(200, json=MODEL)
        if request.method == "GET":
            return httpx.Response(200, json={"items": [PROFILE], "next_cursor": None})
        return httpx.Response(204) if request.method == "DELETE" else httpx.Response(201, json=PROFILE)

    monkeypatch.setenv("NINEFOLD_URL", "http://ninefold.test")
    monkeypatch.setenv("NINEFOLD_API_KEY", "nfk_test")
    make_client = partial(ApiClient, transport=httpx.MockTransport(answer))
    monkeypatch.setattr("ninefold.core.commands.options.ApiClient", make_client)
    return received


def test_profiles_are_created_listed_and_deleted(
    requests: list[httpx.Request], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["video", "profiles", "create", "Ines", "--maturity-max", "12", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == PROFILE
    assert run(["video", "profiles", "list"]) == 0
    assert "Ines" in capsys.readouterr().out
    assert run(["video", "profiles", "delete", PROFILE_ID, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"profile_id": PROFILE_ID}

    assert json.loads(requests[0].content) == {"name": "Ines", "maturity_max": 12, "external_id": None}
    assert [(each.method, each.url.path) for each in requests] == [
        ("POST", PROFILES),
        ("GET", PROFILES),
        ("DELETE", f"{PROFILES}/{PROFILE_ID}"),
    ]


def test_an_id_that_is_none_is_refused_before_anything_is_sent(
    requests: list[httpx.Request], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["video", "profiles", "delete", "Ines"]) == EXIT_FAILED

    assert "ninefold video profiles list" in capsys.readouterr().err
    assert requests == []


@pytest.mark.usefixtures("requests")
def test_the_model_is_shown_with_what_it_is_measured_by(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["video", "model"]) == 0
    shown = capsys.readouterr().out
    assert "39.1%" in shown
    assert "12.9%" in shown

    assert run(["video", "model", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == MODEL
