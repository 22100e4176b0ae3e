"""The metrics of messages and of what apps are told."""

from prometheus_client import REGISTRY

from http_api import Api
from messaging_api import Talk
from ninefold.core.ids import new_id, parse_id
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.messaging.model import APP_PREFIX
from ninefold.systems.messaging.service.apps.delivery import acknowledge, claim_for_connection, keep_connection
from ninefold.systems.messaging.store.app_events import app_event_count_waiting
from ninefold.systems.messaging.store.members import app_find_any


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_messages_are_counted_and_timed(api: Api) -> None:
    new = value("ninefold_messaging_messages_total", result="new")
    repeated = value("ninefold_messaging_messages_total", result="repeated")
    timed = value("ninefold_messaging_post_seconds_count")
    talk = Talk(api)
    ines = await talk.member("ines")
    channel = await talk.channel("plans", ines)

    for text, client_msg_id in (("Hello", "m1"), ("Hello", "m1"), ("Lunch?", "m2")):
        await talk.post(channel, ines, text, client_msg_id=client_msg_id)

    assert value("ninefold_messaging_messages_total", result="new") == new + 2
    assert value("ninefold_messaging_messages_total", result="repeated") == repeated + 1
    assert value("ninefold_messaging_post_seconds_count") == timed + 3


async def test_what_apps_take_and_what_waits_for_them_is_counted(api: Api, database: Database) -> None:
    delivered = value("ninefold_messaging_app_attempts_total", transport="socket", state="delivered")
    talk = Talk(api)
    ines = await talk.member("ines")
    body = {"name": "helper", "event_types": ["message.channels"]}
    app_id = parse_id(APP_PREFIX, (await api.done("POST", "/messaging/apps", json=body))["app_id"])
    connection_id = new_id()
    async with database.transaction() as connection:
        await keep_connection(connection, connection_id=connection_id, app_id=app_id)

    await talk.post(await talk.general(), ines, "Hello")

    async with database.transaction() as connection:
        assert await app_event_count_waiting(connection, limit=10) == 1
        (event,) = await claim_for_connection(connection, app_id=app_id, connection_id=connection_id, limit=10)
        app = await app_find_any(connection, app_id=app_id)
    assert app is not None
    await acknowledge(database, Notifier(database), app, app_event_id=event.app_event_id, answer={})

    async with database.connection() as connection:
        assert await app_event_count_waiting(connection, limit=10) == 0
    assert value("ninefold_messaging_app_attempts_total", transport="socket", state="delivered") == delivered + 1
