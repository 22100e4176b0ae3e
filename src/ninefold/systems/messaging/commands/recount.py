"""`ninefold messaging recount`: compares the unread counts with the logs."""

from collections.abc import Iterator
from typing import Final

import msgspec

from ninefold.core.commands import FROM_ENVIRONMENT, ApiClient, ApiOptions, Page, print_json, print_note, print_table
from ninefold.core.errors import ConflictError
from ninefold.systems.messaging.commands.answers import EventListAnswer, MemberAnswer, UnreadListAnswer
from ninefold.systems.messaging.rules.limits import UNREAD_SHOWN_MAX
from ninefold.systems.messaging.rules.replay import LogEntry
from ninefold.systems.messaging.rules.replay import recount as replay

_MEMBERS: Final = "/api/v1/messaging/members"
_EVENTS_PER_REQUEST: Final = 1_000
_MEMBERS_PER_REQUEST: Final = 100


class WrongCountError(ConflictError):
    """Unread counts differ from what the logs say."""

    code = "wrong_count"
    title = "Wrong count"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """An unread count that is wrong."""

    member_id: str
    channel_id: str
    unread: int
    mentions: int
    recounted_unread: int
    recounted_mentions: int


class Recount(msgspec.Struct, frozen=True, kw_only=True):
    """What `recount --json` prints."""

    compared: int
    """Pairs of a member and a channel."""
    differences: list[Difference]


def recount(*, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Compare all unread counts with the channels' logs; fails if one is wrong.

    Args:
        api: The server and API key to use.
    """
    with api.client() as client:
        result = _compare(client)
    if api.json:
        print_json(result)
    elif result.differences:
        names = ["Member", "Channel", "Unread", "Recounted", "Mentions", "Recounted"]
        print_table(names, [_row(each) for each in result.differences], empty="")
    else:
        print_note(f"All {result.compared:,} unread counts are what the logs say.")
    if result.differences:
        raise WrongCountError(f"{len(result.differences):,} of {result.compared:,} unread counts are wrong.")


def _compare(client: ApiClient) -> Recount:
    logs: dict[str, list[LogEntry]] = {}
    compared = 0
    differences = []
    for member in _members(client):
        counted = client.get("/api/v1/messaging/unread", member_id=member.member_id).read(UnreadListAnswer)
        for one in counted.items:
            compared += 1
            log = _extend(client, one.channel_id, logs.setdefault(one.channel_id, []), until=one.last_sequence)
            found = replay(
                log,
                member_id=member.member_id,
                read_sequence=one.read_sequence,
                until=one.last_sequence,
                limit=UNREAD_SHOWN_MAX,
            )
            if found != (one.unread, one.mentions):
                differences.append(
                    Difference(
                        member_id=member.member_id,
                        channel_id=one.channel_id,
                        unread=one.unread,
                        mentions=one.mentions,
                        recounted_unread=found.unread,
                        recounted_mentions=found.mentions,
                    )
                )
    return Recount(compared=compared, differences=differences)


def _members(client: ApiClient) -> Iterator[MemberAnswer]:
    """Yield all members who can read."""
    cursor: str | None = None
    while True:
        page = client.get(_MEMBERS, limit=_MEMBERS_PER_REQUEST, cursor=cursor).read(Page[MemberAnswer])
        yield from (member for member in page.items if not member.is_deactivated)
        cursor = page.next_cursor
        if cursor is None:
            return


def _extend(client: ApiClient, channel_id: str, log: list[LogEntry], *, until: int) -> list[LogEntry]:
    """Read on in a log, up to a sequence."""
    while (after := log[-1].sequence if log else 0) < until:
        path = f"/api/v1/messaging/channels/{channel_id}/events"
        found = client.get(path, after=after, limit=_EVENTS_PER_REQUEST).read(EventListAnswer)
        log += [
            msgspec.convert({**each.data, **msgspec.structs.asdict(each)}, LogEntry, strict=False)
            for each in found.items
        ]
        assert found.items, "the log has no gap"
    return log


def _row(difference: Difference) -> list[object]:
    return [
        difference.member_id,
        difference.channel_id,
        difference.unread,
        difference.recounted_unread,
        difference.mentions,
        difference.recounted_mentions,
    ]
