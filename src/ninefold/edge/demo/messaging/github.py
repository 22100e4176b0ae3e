"""What the bot says: webhooks of GitHub, as sentences."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from ninefold.edge.demo.payloads import Payload


def _issue(payload: Mapping[str, Any]) -> str:
    issue = payload["issue"]
    return f"Issue #{issue['number']} was {payload['action']}: {issue['title']}"


def _comment(payload: Mapping[str, Any]) -> str:
    return f"A comment on #{payload['issue']['number']}: {payload['comment']['body']}"


def _pull_request(payload: Mapping[str, Any]) -> str:
    request = payload["pull_request"]
    return f"Pull request #{payload['number']} was {payload['action']}: {request['title']}"


def _push(payload: Mapping[str, Any]) -> str:
    return f"{payload['pusher']['name']} pushed to {payload['ref'].rpartition('/')[2]}"


def _release(payload: Mapping[str, Any]) -> str:
    return f"Release {payload['release']['tag_name']} was {payload['action']}"


def _star(payload: Mapping[str, Any]) -> str:
    return f"{payload['sender']['login']} starred the repository"


_SENTENCES: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "github.issues": _issue,
    "github.issue_comment": _comment,
    "github.pull_request": _pull_request,
    "github.push": _push,
    "github.release": _release,
    "github.star": _star,
}
_ACTIONS: Final = frozenset({None, "opened", "created", "published"})
"""What the bot tells of an issue, a pull request, a release and so on; pushes have no action."""


def tell_news(payloads: Iterable[Payload]) -> dict[str, str]:
    """Return a sentence for an event of each type that the bot tells of.

    Args:
        payloads: with at least one event of each of these types.
    """
    news: dict[str, str] = {}
    for payload in payloads:
        sentence = _SENTENCES.get(payload.event_type)
        if sentence is None or payload.event_type in news:
            continue
        body: dict[str, Any] = msgspec.json.decode(payload.body)
        if body.get("action") in _ACTIONS:
            news[payload.event_type] = sentence(body)
    return news
