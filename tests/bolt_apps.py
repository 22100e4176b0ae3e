"""Slack's own framework for apps, unmodified, in Socket Mode or as an HTTP server, against a server of Ninefold."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import flask
from flask import Flask
from slack_bolt import App
from slack_bolt.adapter.flask import SlackRequestHandler
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from werkzeug.serving import make_server

from http_api import Api, Json
from messaging_api import Talk


class BoltApp:
    """An app that was created here, and bolt's view of it.

    Args:
        created: what the API has answered.
        server_url: the address of the server.
        loop: the event loop of the test; bolt calls listeners in its own threads.
    """

    def __init__(self, created: Json, server_url: str, loop: asyncio.AbstractEventLoop) -> None:
        self.created = created
        self.server_url = server_url
        self.client = WebClient(created["bot_token"], base_url=f"{server_url}/slack/api/")
        self.bolt = App(
            client=self.client, signing_secret=created["signing_secret"], raise_error_for_unhandled_request=False
        )
        self.seen: list[Json] = []
        """What the app's listeners have noted."""
        self._loop = loop
        self._has_seen = asyncio.Condition()

    @property
    def app_id(self) -> str:
        """The id in Ninefold's API."""
        return str(self.created["app_id"])

    @property
    def user_id(self) -> str:
        """The bot's id, `U…`."""
        return str(self.created["bot"]["slack_id"])

    def note(self, entry: Json) -> None:
        """Note something; listeners call it in their threads."""
        asyncio.run_coroutine_threadsafe(self._note(entry), self._loop)

    def note_events(self, *names: str) -> None:
        """Note all events of these types."""

        def note(event: Json) -> None:
            self.note(event)

        for name in names:
            self.bolt.event(name)(note)

    async def wait_for(self, count: int) -> list[Json]:
        """Return what was noted, as soon as it is so much."""
        async with asyncio.timeout(30), self._has_seen:
            await self._has_seen.wait_for(lambda: len(self.seen) >= count)
        return self.seen

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[SocketModeHandler]:
        """Connect the app in Socket Mode for the time of the block."""
        handler = SocketModeHandler(self.bolt, self.created["app_token"])
        await asyncio.to_thread(handler.connect)
        try:
            yield handler
        finally:
            closing = asyncio.create_task(asyncio.to_thread(handler.close))
            while not closing.done():
                # The client sets it before it waits for its thread, which resets it if it begins to read just then.
                handler.client.current_session_state.terminated = True
                await asyncio.wait([closing], timeout=0.1)
            closing.result()

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve the app over HTTP for the time of the block; return its request URL."""
        handler = SlackRequestHandler(self.bolt)
        web = Flask("bolt")
        web.route("/slack/events", methods=["POST"])(lambda: handler.handle(flask.request))
        server = make_server("127.0.0.1", 0, web, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/slack/events"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    async def _note(self, entry: Json) -> None:
        async with self._has_seen:
            self.seen.append(entry)
            self._has_seen.notify_all()


async def create_bolt_app(api: Api, server_url: str, name: str = "helper", **settings: Any) -> BoltApp:
    """Create an app."""
    created = await api.done("POST", "/messaging/apps", json={"name": name, **settings})
    return await asyncio.to_thread(BoltApp, created, server_url, asyncio.get_running_loop())


async def texts_when(talk: Talk, channel: Json, count: int) -> list[str]:
    """Return the texts of a channel as soon as there are so many."""
    async with asyncio.timeout(30):
        # The messages come from an app in another thread or process.
        while len(texts := await talk.texts(channel)) < count:
            await asyncio.sleep(0.05)
    return texts
