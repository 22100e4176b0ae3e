"""Calls that nothing can interrupt, each in a thread that nobody has to wait for."""

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
    """Begin a call in a thread of its own; cancelling the future ends the wait for it, and not the call.

    A `ThreadPoolExecutor` joins its threads when the interpreter ends, so that the process would outlive its work by as
    long as the slowest call takes. These threads end with the process.

    Args:
        function: what to call; it must not raise.
        argument: what with.
        name: the thread's, for whoever looks at a stack.

    Raises:
        RuntimeError: the system has no further thread.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_Result] = loop.create_future()

    def deliver(result: _Result) -> None:
        if not future.done():
            future.set_result(result)

    def run() -> None:
        result = function(argument)
        # A loop that is closed refuses: nobody waits any more.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(deliver, result)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future
