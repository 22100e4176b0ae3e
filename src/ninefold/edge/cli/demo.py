"""`ninefold demo`."""

import asyncio
import signal
import sys
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from ninefold.edge.demo.run import run_demo


def demo(
    *,
    json: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    events: Annotated[int | None, Parameter(validator=Number(gte=1))] = None,
) -> None:
    """Publish webhooks such as GitHub sends to five subscribers, four of them difficult, and compare every byte.

    It uses a data folder and ports of its own, and removes the folder at the end.

    Args:
        json: Print the summary as JSON on standard output.
        events: Publish so many events instead of each payload once.
    """
    # An ordinary end by SIGTERM cleans up as Ctrl-C does.
    # A script that starts it in the background lets SIGINT be ignored, and with it both ways to end it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    is_complete = asyncio.run(run_demo(is_json=json, events=events))
    if not is_complete:
        sys.exit(1)
