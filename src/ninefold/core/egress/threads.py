"""Runs blocking calls in daemon threads, which don't keep the process from exiting."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

_Argument = TypeVar("_Argument")
_Result = TypeVar("_Result")


def run_in_thread(
    function: Callable[[_Argument], _Result], argument: _Argument, *, name: str
) -> "asyncio.Future[_Result]":
    """Start a call in a thread of its own. Cancelling the future doesn't interrupt the call.

    A `ThreadPoolExecutor` joins its threads at exit, so the process would wait for the slowest call. These threads end
    with the process.

    Args:
        function: what to call; it must not raise.
        argument: its argument.
        name: of the thread, for debugging.

    Raises:
        RuntimeError: no thread could be started.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_Result] = loop.create_future()

    def deliver(result: _Result) -> None:
        if not future.done():
            future.set_result(result)

    def run() -> None:
        result = function(argument)
        # The loop is closed: nobody waits for the result.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(deliver, result)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future
