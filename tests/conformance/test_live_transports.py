"""Every transport of live feeds keeps the same promises; the suite runs on each."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import msgspec
import pytest

from http_api import Api
from in_process import create_key
from live_board import append, channel_of, create_board, forget
from live_readers import TRANSPORTS, LiveServer, Reader, RefusedError, WebSocketReader
from ninefold.core.live.limits import ENTRIES_PER_READ, TAIL_ENTRIES_MAX
from ninefold.core.live.tokens import LiveToken, TokenSigner
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.model import Principal
from ninefold.core.tenancy.service import authenticate, create_api_key, revoke_credential
from shared_postgres import SharedPostgres

OpenReader: TypeAlias = Callable[..., Awaitable[Reader]]

SMALL_BUFFER = 262_144
UNKNOWN = {reader.refusals["unknown"] for reader in TRANSPORTS.values()}
EXPIRED = {reader.refusals["expired"] for reader in TRANSPORTS.values()}
OTHER_EPOCH = "00000000"


@pytest.fixture(scope="module")
def live_database_url(postgres: SharedPostgres, template_database: str) -> Iterator[str]:
    with postgres.temporary_database(template=template_database) as name:
        yield postgres.dsn(database=name)


@pytest.fixture(scope="module")
def servers(
    live_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[LiveServer, LiveServer]]:
    """Two server processes on one database."""
    folder = tmp_path_factory.mktemp("live")
    settings = {"NINEFOLD_LIVE_BUFFER_BYTES_MAX": str(SMALL_BUFFER)}
    with (
        LiveServer(live_database_url, folder / "one.ndjson", settings=settings) as one,
        LiveServer(live_database_url, folder / "two.ndjson", settings=settings) as two,
    ):
        yield one, two


@pytest.fixture
def server(servers: tuple[LiveServer, LiveServer]) -> LiveServer:
    return servers[0]


@pytest.fixture
def own_server(live_database_url: str, tmp_path: Path) -> LiveServer:
    """A server for a test that starts and stops it."""
    return LiveServer(live_database_url, tmp_path / "log.ndjson")


@pytest.fixture
async def live_database(live_database_url: str) -> AsyncIterator[Database]:
    pool = await Database.connect(live_database_url, application_name="test")
    yield pool
    await pool.close()


@pytest.fixture
async def key(live_database: Database) -> str:
    return await create_key(live_database, organisation="acme")


@pytest.fixture
async def principal(live_database: Database, key: str) -> Principal:
    async with live_database.connection() as connection:
        return await authenticate(connection, key, kinds=[API_KEY])


@pytest.fixture
async def board(live_database: Database, principal: Principal) -> str:
    """The name of a board of the key's organisation."""
    name = uuid4().hex
    async with live_database.connection() as connection:
        await create_board(connection, name, organisation_id=principal.organisation_id)
    return name


@pytest.fixture
async def api(server: LiveServer, key: str) -> AsyncIterator[Api]:
    async with server.api(key) as client:
        yield client


@pytest.fixture(params=list(TRANSPORTS))
def transport(request: pytest.FixtureRequest) -> type[Reader]:
    return TRANSPORTS[request.param]


@pytest.fixture
async def open_reader(transport: type[Reader], server: LiveServer, board: str, key: str) -> AsyncIterator[OpenReader]:
    """Open a reader of the board, or of another channel, which is stopped at the end of the test."""
    async with AsyncExitStack() as stack:

        async def open_(
            at: LiveServer = server,
            *,
            credential: str = key,
            channel: str = channel_of(board),
            since: tuple[str, int] | None = None,
        ) -> Reader:
            reader = transport()
            await reader.open(at, credential, channel, since=since)
            stack.push_async_callback(reader.stop)
            reader.start()
            return reader

        yield open_


async def write(api: Api, board: str, *notes: object) -> int:
    """Append notes through a server, which then wakes its own readers; return the offset of the last."""
    answer = await api.done("POST", f"/boards/{board}/notes", json=notes)
    return int(answer["offset"])


async def write_silently(database: Database, board: str, *notes: object) -> int:
    """Append notes without telling anybody."""
    async with database.transaction() as connection:
        return await append(connection, board, *[msgspec.json.encode(note) for note in notes])


async def test_entries_arrive_in_order_and_once_with_the_data_that_was_committed(
    open_reader: OpenReader, api: Api, board: str
) -> None:
    await write(api, board, "before")
    reader = await open_reader()
    for number in range(20):
        await write(api, board, {"number": number, "text": "ä\n\r\u2028"}, [number])
    await reader.wait_for_offset(41)

    assert (reader.subscribed.offset, reader.subscribed.was_recovering, reader.subscribed.recovered) == (
        1,
        False,
        False,
    )
    assert reader.offsets == list(range(2, 42))
    assert reader.data[:2] == [{"number": 0, "text": "ä\n\r\u2028"}, [0]]


async def test_json_with_line_breaks_between_its_tokens_arrives(
    open_reader: OpenReader, live_database: Database, board: str
) -> None:
    reader = await open_reader()
    async with live_database.transaction() as connection:
        await append(connection, board, b'{\n  "a": 1,\r\n  "b": "x"\n}')
    await reader.wait_for_offset(1)

    assert reader.data == [{"a": 1, "b": "x"}]


async def test_entries_that_another_server_commits_arrive(
    open_reader: OpenReader, servers: tuple[LiveServer, LiveServer], key: str, board: str
) -> None:
    reader = await open_reader(servers[0])
    async with servers[1].api(key) as api:
        await write(api, board, "from another server")
    await reader.wait_for_offset(1)

    assert reader.data == ["from another server"]


async def test_entries_of_which_nobody_was_notified_arrive(
    open_reader: OpenReader, live_database: Database, board: str
) -> None:
    reader = await open_reader()
    await write_silently(live_database, board, "in silence")
    await reader.wait_for_offset(1)

    assert reader.data == ["in silence"]


async def test_what_was_rolled_back_never_arrives(
    open_reader: OpenReader, live_database: Database, api: Api, board: str
) -> None:
    reader = await open_reader()
    async with live_database.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await append(connection, board, b'"rolled back"')
        await transaction.rollback()
    await write(api, board, "committed")
    await reader.wait_for_offset(1)

    assert reader.data == ["committed"]


@pytest.mark.parametrize("gap", [0, 1, ENTRIES_PER_READ, ENTRIES_PER_READ + 1, TAIL_ENTRIES_MAX + 50, 1_000])
async def test_a_reader_that_returns_gets_all_that_it_has_missed(
    open_reader: OpenReader, live_database: Database, api: Api, board: str, gap: int
) -> None:
    first = await open_reader()
    await write(api, board, "seen")
    await first.wait_for_offset(1)
    await first.stop()
    if gap:
        await write_silently(live_database, board, *range(gap))

    second = await open_reader(since=first.position)
    last = await write(api, board, "new")
    await second.wait_for_offset(last)

    assert (second.subscribed.was_recovering, second.subscribed.recovered) == (True, True)
    assert second.offsets == list(range(2, gap + 3))
    assert second.data == [*range(gap), "new"]


async def test_a_reader_that_returns_while_others_read_gets_all_that_it_has_missed(
    open_reader: OpenReader, live_database: Database, board: str
) -> None:
    # Now the server has the end of the log in memory.
    other = await open_reader()
    await write_silently(live_database, board, *range(100))
    await other.wait_for_offset(100)
    for since in (0, 36, 99, 100):
        reader = await open_reader(since=(other.subscribed.epoch, since))
        await reader.wait_for_offset(100)
        assert reader.subscribed.recovered
        assert reader.offsets == list(range(since + 1, 101))


async def test_a_reader_can_continue_at_another_server(
    open_reader: OpenReader, servers: tuple[LiveServer, LiveServer], api: Api, board: str
) -> None:
    first = await open_reader(servers[0])
    await write(api, board, 1, 2, 3)
    await first.wait_for_offset(3)
    position = first.position
    await write(api, board, 4)

    second = await open_reader(servers[1], since=position)
    await second.wait_for_offset(4)

    assert second.subscribed.recovered
    assert second.data == [4]


async def test_a_position_that_another_server_has_shown_first_is_valid(
    open_reader: OpenReader, servers: tuple[LiveServer, LiveServer], live_database: Database, board: str
) -> None:
    # Both servers have opened the channel, but nobody has told the second one of the entry.
    epoch = (await open_reader(servers[1])).subscribed.epoch
    last = await write_silently(live_database, board, "silent")

    reader = await open_reader(servers[1], since=(epoch, last))

    assert (reader.subscribed.recovered, reader.subscribed.offset) == (True, last)


async def test_without_an_epoch_a_log_can_be_read_from_its_beginning(
    open_reader: OpenReader, api: Api, board: str
) -> None:
    await write(api, board, "a", "b")
    reader = await open_reader(since=("", 0))
    await reader.wait_for_offset(2)

    assert reader.subscribed.recovered
    assert reader.data == ["a", "b"]


@pytest.mark.parametrize("case", ["another epoch", "deleted entries", "the future"])
async def test_a_reader_whose_position_is_lost_is_told_so_and_continues_with_new_entries(
    open_reader: OpenReader, live_database: Database, api: Api, board: str, case: str
) -> None:
    await write(api, board, *range(10))
    async with live_database.connection() as connection:
        await forget(connection, board, up_to=5)
    since = {"another epoch": (OTHER_EPOCH, 7), "deleted entries": ("", 4), "the future": ("", 11)}[case]

    reader = await open_reader(since=since)
    await write(api, board, "new")
    await reader.wait_for_offset(11)

    assert (reader.subscribed.was_recovering, reader.subscribed.recovered) == (True, False)
    assert (reader.subscribed.offset, reader.data) == (10, ["new"])


async def test_the_last_deleted_entry_is_still_a_position(
    open_reader: OpenReader, live_database: Database, board: str
) -> None:
    await write_silently(live_database, board, *range(10))
    async with live_database.connection() as connection:
        await forget(connection, board, up_to=5)

    reader = await open_reader(since=("", 5))
    await reader.wait_for_offset(10)

    assert reader.subscribed.recovered
    assert reader.offsets == [6, 7, 8, 9, 10]


async def test_a_reader_is_told_if_entries_were_deleted_before_the_server_has_read_them(
    open_reader: OpenReader, live_database: Database, board: str
) -> None:
    reader = await open_reader()
    async with live_database.transaction() as connection:
        await append(connection, board, b"1", b"2", b"3")
        await forget(connection, board, up_to=2)

    code, reason = await reader.wait_for_end()

    assert reason == "insufficient state"
    assert code in {2500, 3010}


async def test_nothing_is_missing_or_doubled_while_readers_come_and_go_and_both_servers_write(
    open_reader: OpenReader, servers: tuple[LiveServer, LiveServer], key: str, board: str
) -> None:
    async with servers[0].api(key) as one, servers[1].api(key) as two:

        async def write_many(api: Api) -> None:
            for number in range(60):
                await write(api, board, *[number] * 3)

        async def come_and_go(position: tuple[str, int]) -> list[int]:
            seen: list[int] = []
            for turn in range(6):
                reader = await open_reader(servers[turn % 2], since=position)
                assert reader.subscribed.recovered
                await reader.wait_for_offset(min(position[1] + 50, 360))
                await reader.stop()
                seen += reader.offsets
                position = reader.position
            last = await open_reader(servers[0], since=position)
            await last.wait_for_offset(360)
            return seen + last.offsets

        start = (await open_reader()).position
        results = await asyncio.gather(
            write_many(one), write_many(two), come_and_go(start), come_and_go(start), come_and_go(start)
        )

    assert [seen == list(range(1, 361)) for seen in results[2:]] == [True] * 3


async def test_a_channel_of_another_organisation_is_refused_like_one_that_does_not_exist(
    open_reader: OpenReader, live_database: Database, board: str, transport: type[Reader]
) -> None:
    stranger = await create_key(live_database, organisation="globex")
    channels = [
        channel_of(board),
        channel_of("missing"),
        "nothing.of:this",
        "x" * 201,
        channel_of("a b"),
        "board.notes:",
    ]
    codes = []
    for channel in channels:
        with pytest.raises(RefusedError) as refused:
            await open_reader(credential=stranger, channel=channel)
        codes.append(refused.value.code)

    assert codes == [transport.refusals["unknown"]] * len(channels)


async def test_without_a_valid_credential_nothing_is_shown(
    open_reader: OpenReader, transport: type[Reader], key: str
) -> None:
    altered = key[:-1] + ("a" if key[-1] != "a" else "b")
    for credential in ("", "nonsense", altered, "nlt_e30.AAAA", "nlt_"):
        with pytest.raises(RefusedError) as refused:
            await open_reader(credential=credential)
        assert refused.value.code == transport.refusals["unauthorized"], credential


async def test_access_ends_at_once_when_the_key_is_revoked_and_only_that_of_this_key(
    open_reader: OpenReader, live_database: Database, api: Api, principal: Principal, board: str
) -> None:
    async with live_database.transaction() as connection:
        other = await create_api_key(connection, organisation_id=principal.organisation_id, name="other")
    token = (await api.done("POST", "/live/token"))["token"]
    doomed = [await open_reader(), await open_reader(credential=token)]
    spared = await open_reader(credential=other.text)

    async with asyncio.timeout(2), live_database.transaction() as connection:
        await revoke_credential(
            connection,
            API_KEY,
            organisation_id=principal.organisation_id,
            credential_id=principal.credential_id,
        )
    ends = [await reader.wait_for_end() for reader in doomed]
    await write_silently(live_database, board, "afterwards")
    await spared.wait_for_offset(1)

    assert ends == [(3005, "connection expired")] * 2
    assert [reader.data for reader in doomed] == [[], []]
    for credential in (api.api_key, token):
        with pytest.raises(RefusedError) as refused:
            await open_reader(credential=credential)
        assert refused.value.code in EXPIRED


async def test_access_ends_within_seconds_even_if_the_notification_of_a_revocation_is_lost(
    open_reader: OpenReader, live_database: Database, principal: Principal
) -> None:
    reader = await open_reader()
    async with live_database.connection() as connection:
        await connection.execute(
            "UPDATE tenancy.credential SET revoked_at = now() WHERE credential_id = $1", principal.credential_id
        )

    assert await reader.wait_for_end() == (3005, "connection expired")


async def test_a_token_for_some_channels_shows_no_others(
    open_reader: OpenReader, live_database: Database, api: Api, principal: Principal, board: str
) -> None:
    async with live_database.connection() as connection:
        await create_board(connection, f"{board}-2", organisation_id=principal.organisation_id)
    created = await api.done("POST", "/live/token", json={"channels": [channel_of(board)]})
    reader = await open_reader(credential=created["token"])
    await write(api, board, "shown")
    await reader.wait_for_offset(1)

    with pytest.raises(RefusedError) as refused:
        await open_reader(credential=created["token"], channel=channel_of(f"{board}-2"))
    assert refused.value.code in UNKNOWN


async def test_an_expired_token_is_refused(
    open_reader: OpenReader, live_database: Database, principal: Principal, transport: type[Reader]
) -> None:
    token = LiveToken(principal=principal, channels=None, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    text = await TokenSigner(live_database).sign(token)

    with pytest.raises(RefusedError) as refused:
        await open_reader(credential=text)
    assert refused.value.code == transport.refusals["expired"]


async def test_a_reader_that_does_not_read_is_disconnected_and_gets_all_when_it_returns(
    transport: type[Reader], server: LiveServer, api: Api, key: str, board: str
) -> None:
    slow = transport()
    await slow.open(server, key, channel_of(board), since=None)
    # The sockets' own buffers have megabytes; beyond them, the server's has 256 KiB.
    text = "x" * 10_000
    for _ in range(300):
        await write(api, board, *[text] * 5)
    slow.start()
    code, reason = await slow.wait_for_end()

    # It reads what was under way, and perhaps why it was disconnected.
    assert (code, reason) in {(3008, "slow"), (1005, ""), (1006, ""), (0, "")}
    assert slow.offsets == list(range(1, len(slow.offsets) + 1))
    assert len(slow.offsets) < 1_500
    await slow.stop()
    returned = transport()
    await returned.open(server, key, channel_of(board), since=slow.position)
    returned.start()
    await returned.wait_for_offset(1_500)
    await returned.stop()
    assert slow.offsets + returned.offsets == list(range(1, 1_501))


async def test_signals_are_shown_to_readers_at_all_servers_and_not_stored(
    open_reader: OpenReader, servers: tuple[LiveServer, LiveServer], key: str, board: str
) -> None:
    readers = [await open_reader(servers[0]), await open_reader(servers[1])]
    sender = WebSocketReader()
    await sender.open(servers[0], key, channel_of(board), since=None)
    for number in range(5):
        await sender.command(10 + number, publish={"channel": channel_of(board), "data": {"typing": number}})
    for reader in readers:
        await reader.wait_for_signal()
    await sender.stop()

    # They come so fast that only the last is shown, or one before it as well.
    assert [reader.signals[-1] for reader in readers] == [{"typing": 4}] * 2
    assert max(len(reader.signals) for reader in readers) <= 3
    assert (await open_reader(since=("", 0))).data == []


async def test_a_restart_of_the_server_loses_nothing(
    transport: type[Reader], own_server: LiveServer, live_database: Database, key: str, board: str
) -> None:
    server = own_server
    with server:
        first = transport()
        await first.open(server, key, channel_of(board), since=None)
        first.start()
        async with server.api(key) as api:
            await write(api, board, 1)
            await first.wait_for_offset(1)
        await asyncio.to_thread(server.stop)
        assert await first.wait_for_end() == (3001, "shutdown")
        await write_silently(live_database, board, 2)
        await asyncio.to_thread(server.start)
        second = transport()
        await second.open(server, key, channel_of(board), since=first.position)
        second.start()
        async with server.api(key) as api:
            await write(api, board, 3)
        await second.wait_for_offset(3)
        await first.stop()
        await second.stop()

    assert second.subscribed.recovered
    assert (first.data, second.data) == ([1], [2, 3])
