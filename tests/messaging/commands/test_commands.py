"""The commands against the application: what they print, and what `recount` finds."""

import json
from functools import partial
from typing import Any, Final

import httpx
import pytest

from ninefold.core.commands import ApiClient
from ninefold.edge.cli import EXIT_FAILED, run

MEMBER: Final[dict[str, Any]] = {
    "member_id": "mem_01h455vb4pex5vsknk084sn02q",
    "slack_id": "U0000000001",
    "name": "ines",
    "kind": "person",
    "is_deactivated": False,
    "created_at": "2026-01-02T03:04:05Z",
    "seen_at": None,
}
APP: Final[dict[str, Any]] = {
    "app_id": "app_01h455vb4pex5vsknk084sn02q",
    "slack_id": "A0000000001",
    "name": "deploy",
    "created_at": "2026-01-02T03:04:05Z",
    "request_url": "",
    "request_url_state": "none",
}
CHANNEL_ID: Final = "chan_01h455vb4pex5vsknk084sn02q"
MESSAGING: Final = "/api/v1/messaging"


class Server:
    """Returns the response that the test sets for each path, and records the requests."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []
        self.answers: dict[str, Any] = {}

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        self.sent.append((request.url.path, json.loads(request.content or b"null")))
        answer = self.answers[f"{request.method} {request.url.path}"]
        return httpx.Response(204) if answer is None else httpx.Response(200, json=answer)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    monkeypatch.setenv("NINEFOLD_URL", "http://ninefold.test")
    monkeypatch.setenv("NINEFOLD_API_KEY", "nfk_test")
    make_client = partial(ApiClient, transport=httpx.MockTransport(server.handle))
    monkeypatch.setattr("ninefold.core.commands.options.ApiClient", make_client)
    return server


def test_a_member_is_created_with_a_token(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers[f"POST {MESSAGING}/members"] = MEMBER
    server.answers[f"POST {MESSAGING}/members/{MEMBER['member_id']}/tokens"] = {"token": "xoxp-1"}
    server.answers[f"GET {MESSAGING}/me"] = {"member": MEMBER, "team_id": "T0000000001"}

    assert run(["messaging", "members", "create", "ines", "--email", "ines@acme.example", "--json"]) == 0

    assert server.sent[0][1] == {"name": "ines", "display_name": "", "email": "ines@acme.example"}
    assert json.loads(capsys.readouterr().out) == {
        "member_id": MEMBER["member_id"],
        "user_id": "U0000000001",
        "name": "ines",
        "team_id": "T0000000001",
        "user_token": "xoxp-1",
    }


def test_an_app_is_created_with_its_secrets(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers[f"POST {MESSAGING}/apps"] = {
        **APP,
        "bot": MEMBER,
        "bot_token": "xoxb-1",
        "app_token": "xapp-1",
        "signing_secret": "00ff",
        "team_id": "T0000000001",
    }

    assert run(["messaging", "apps", "create", "deploy", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert run(["messaging", "apps", "create", "deploy", "--scopes", "chat:write, users:read"]) == 0
    shown = capsys.readouterr()

    assert printed == {
        "app_id": "A0000000001",
        "name": "deploy",
        "bot_user_id": "U0000000001",
        "team_id": "T0000000001",
        "bot_token": "xoxb-1",
        "app_token": "xapp-1",
        "signing_secret": "00ff",
    }
    assert [body["scopes"] for _, body in server.sent] == [None, ["chat:write", "users:read"]]
    assert "xapp-1" in shown.out
    assert "won't be shown again" in shown.err


@pytest.mark.parametrize(("what", "item", "text"), [("members", MEMBER, "ines"), ("apps", APP, "deploy")])
def test_lists(server: Server, what: str, item: Any, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers[f"GET {MESSAGING}/{what}"] = {"items": [item], "next_cursor": None}

    assert run(["messaging", what, "list"]) == 0

    assert text in capsys.readouterr().out


@pytest.mark.parametrize(("unread", "code"), [(1, 0), (2, EXIT_FAILED)], ids=["right", "wrong"])
def test_recount_compares_the_counts_with_the_logs(
    server: Server, unread: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers[f"GET {MESSAGING}/members"] = {"items": [MEMBER], "next_cursor": None}
    counted = {"channel_id": CHANNEL_ID, "last_sequence": 2, "read_sequence": 1, "unread": unread, "mentions": 1}
    server.answers[f"GET {MESSAGING}/unread"] = {"items": [counted]}
    log = [
        {"type": "member_joined", "member_id": MEMBER["member_id"], "data": {"inviter_id": None}},
        {
            "type": "message",
            "member_id": "mem_01h455vb4pex5vsknk084sn02r",
            "data": {"mentioned_ids": [MEMBER["member_id"]], "thread_sequence": None, "is_broadcast": False},
        },
    ]
    server.answers[f"GET {MESSAGING}/channels/{CHANNEL_ID}/events"] = {
        "items": [{**each, "sequence": number, "message_sequence": None} for number, each in enumerate(log, start=1)],
        "last_sequence": 2,
    }

    assert run(["messaging", "recount", "--json"]) == code

    found = json.loads(capsys.readouterr().out)
    assert (found["compared"], len(found["differences"])) == (1, int(code != 0))


def test_an_app_is_told_where_and_of_what(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    path = f"{MESSAGING}/apps/{APP['app_id']}"
    server.answers[f"GET {MESSAGING}/apps"] = {"items": [APP], "next_cursor": None}
    server.answers[f"PATCH {path}"] = {
        **APP,
        "request_url_error": None,
        "event_types": ["app_mention"],
        "commands": ["/deploy"],
        "connections": 0,
        "is_disabled": False,
    }

    arguments = ["--request-url", "", "--event", "app_mention", "--command", "/deploy"]
    assert run(["messaging", "apps", "update", "deploy", *arguments]) == 0

    body = {"request_url": "", "event_types": ["app_mention"], "commands": ["/deploy"]}
    assert server.sent[-1] == (path, body)
    assert "/deploy" in capsys.readouterr().out


def test_the_events_of_an_app_are_listed(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    event = {
        "app_event_id": "aev_01h455vb4pex5vsknk084sn02q",
        "type": "app_mention",
        "transport": "socket",
        "state": "retrying",
        "attempt_count": 1,
        "error": "timeout",
        "created_at": "2026-01-02T03:04:05Z",
        "due_at": "2026-01-02T03:05:05Z",
    }
    server.answers[f"GET {MESSAGING}/apps/{APP['app_id']}/events"] = {"items": [event], "next_cursor": None}

    assert run(["messaging", "apps", "events", APP["app_id"]]) == 0

    shown = capsys.readouterr().out
    assert "app_mention" in shown
    assert "retrying" in shown


def test_an_incoming_webhook_is_created_by_names(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    channel = {"channel_id": CHANNEL_ID, "name": "general"}
    path = f"{MESSAGING}/apps/{APP['app_id']}/webhooks"
    server.answers[f"GET {MESSAGING}/apps"] = {"items": [APP], "next_cursor": None}
    server.answers[f"GET {MESSAGING}/channels"] = {"items": [channel], "next_cursor": None}
    server.answers[f"POST {path}"] = {"webhook_id": "inc_1", "channel_id": CHANNEL_ID, "url": "http://ninefold.test/x"}

    assert run(["messaging", "apps", "webhook", "deploy", "#general", "--json"]) == 0

    assert server.sent[-1] == (path, {"channel_id": CHANNEL_ID})
    assert "http://ninefold.test/x" in capsys.readouterr().out


def test_the_tokens_of_an_app_are_listed_and_replaced(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    path = f"{MESSAGING}/apps/{APP['app_id']}"
    token: dict[str, Any] = {
        "token_id": "atok_01h455vb4pex5vsknk084sn02q",
        "kind": "bot",
        "prefix": "xoxb-AbC123xy",
        "scopes": ["chat:write"],
        "state": "active",
        "created_at": "2026-01-02T03:04:05Z",
        "last_used_at": None,
    }
    server.answers[f"GET {path}/tokens"] = {"items": [token], "next_cursor": None}
    server.answers[f"POST {path}/tokens"] = {**token, "token": "xoxb-1"}
    server.answers[f"DELETE {path}/tokens/{token['token_id']}"] = None
    server.answers[f"POST {path}/signing-secret"] = {"signing_secret": "00ff"}
    apps = ["messaging", "apps"]

    assert run([*apps, "tokens", "list", APP["app_id"]]) == 0
    assert run([*apps, "tokens", "create", APP["app_id"], "--scopes", "chat:write"]) == 0
    assert run([*apps, "tokens", "revoke", APP["app_id"], token["token_id"]]) == 0
    assert run([*apps, "signing-secret", APP["app_id"]]) == 0

    shown = capsys.readouterr().out
    for text in ("xoxb-AbC123xy", "chat:write", "xoxb-1", "00ff"):
        assert text in shown
    assert server.sent[1] == (f"{path}/tokens", {"kind": "bot", "scopes": ["chat:write"]})
    assert server.sent[2] == (f"{path}/tokens/{token['token_id']}", None)


@pytest.mark.parametrize(("command", "is_disabled"), [("disable", True), ("enable", False)])
def test_an_app_is_disabled_and_enabled(
    server: Server, command: str, *, is_disabled: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    path = f"{MESSAGING}/apps/{APP['app_id']}"
    details = {"request_url_error": None, "event_types": ["all"], "commands": [], "connections": 0}
    server.answers[f"PATCH {path}"] = {**APP, **details, "is_disabled": is_disabled}

    assert run(["messaging", "apps", command, APP["app_id"], "--json"]) == 0

    assert server.sent == [(path, {"is_disabled": is_disabled})]
    assert json.loads(capsys.readouterr().out)["is_disabled"] is is_disabled
