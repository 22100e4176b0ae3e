"""The clients that are connected to a process."""

import time
from uuid import UUID

import pytest

from ninefold.core.ids import new_id
from ninefold.core.live.errors import EXPIRED, NO_PONG, SHUTDOWN, STALE, Disconnect, TooManyConnectionsError
from ninefold.core.live.feeds import Feed
from ninefold.core.live.limits import CONNECT_WITHIN_S, PING_INTERVAL_S
from ninefold.core.live.viewers import Viewer, Viewers
from ninefold.core.tenancy.model import Principal


class Client(Viewer):
    transport = "test"
    pings = 0

    def ping(self) -> None:
        self.pings += 1
        self.is_pong_due = True

    def end_feed(self, feed: Feed) -> None:
        raise NotImplementedError

    @property
    def end_reason(self) -> Disconnect | None:
        """Why it was ended; None if it wasn't."""
        return self.ended.result() if self.ended.done() else None


def principal(*, organisation_id: UUID | None = None, account_id: UUID | None = None) -> Principal:
    return Principal(organisation_id=organisation_id or new_id(), account_id=account_id, credential_id=new_id())


def add(viewers: Viewers, of: Principal) -> Client:
    client = Client()
    viewers.add(client)
    viewers.authenticate(client, of)
    client.deadline = None
    return client


async def test_a_process_has_a_limit_and_an_organisation_two_thirds_of_it() -> None:
    viewers = Viewers(connections_max=3)
    acme, globex = principal(), principal()
    clients = [add(viewers, acme), add(viewers, acme)]
    with pytest.raises(TooManyConnectionsError):
        viewers.authenticate(Client(), acme)
    add(viewers, globex)
    with pytest.raises(TooManyConnectionsError):
        viewers.add(Client())

    viewers.remove(clients[0])
    viewers.remove(clients[0])
    add(viewers, acme)
    assert len(viewers) == 3


async def test_access_ends_for_all_connections_of_a_principal() -> None:
    viewers = Viewers(connections_max=10)
    ended = principal(account_id=new_id())
    doomed = [add(viewers, ended), add(viewers, ended)]
    spared, gone = add(viewers, principal()), add(viewers, ended)
    viewers.remove(gone)

    viewers.end_access(ended)
    viewers.end_access(principal())

    assert [client.end_reason for client in (*doomed, spared, gone)] == [EXPIRED, EXPIRED, None, None]


async def test_a_client_that_never_connects_is_ended_and_one_whose_token_has_expired() -> None:
    viewers = Viewers(connections_max=10)
    silent = Client()
    viewers.add(silent)
    expiring, lasting = add(viewers, principal()), add(viewers, principal())
    now = time.monotonic()
    expiring.deadline = now + CONNECT_WITHIN_S

    viewers.check(0, now=now + CONNECT_WITHIN_S - 1)
    assert [client.end_reason for client in (silent, expiring, lasting)] == [None, None, None]
    viewers.check(1, now=now + CONNECT_WITHIN_S + 1)
    assert [client.end_reason for client in (silent, expiring, lasting)] == [STALE, EXPIRED, None]


async def test_each_client_is_pinged_once_in_an_interval_and_ended_if_it_does_not_answer() -> None:
    viewers = Viewers(connections_max=100)
    clients = [add(viewers, principal()) for _ in range(60)]
    for second in range(PING_INTERVAL_S):
        viewers.check(second, now=0)
    assert [client.pings for client in clients] == [1] * 60

    for client in clients[:30]:
        client.is_pong_due = False
    for second in range(PING_INTERVAL_S):
        viewers.check(second, now=0)
    assert [client.end_reason for client in clients] == [None] * 30 + [NO_PONG] * 30


async def test_all_are_ended_when_the_server_stops() -> None:
    viewers = Viewers(connections_max=100)
    clients = [add(viewers, principal()) for _ in range(25)]

    await viewers.end_all()

    assert [client.end_reason for client in clients] == [SHUTDOWN] * 25


async def test_who_a_client_is_for_others_is_its_account_or_its_key() -> None:
    viewers = Viewers(connections_max=10)

    assert add(viewers, principal(account_id=new_id())).user_id.startswith("acc_")
    assert add(viewers, principal()).user_id.startswith("key_")
