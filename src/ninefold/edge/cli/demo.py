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
    """Publish webhooks like those of GitHub to five subscribers, four of them difficult, and compare every byte.

    It uses its own data folder and ports, and removes the folder at the end.

    Args:
        json: Print the summary as JSON on standard output.
        events: Number of events to publish; by default one for each sample payload, but at least 120.
    """
    # SIGTERM cleans up as Ctrl-C does. The handler of SIGINT is set too, because a shell ignores SIGINT for commands
    # that it runs in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    is_complete = asyncio.run(run_demo(is_json=json, events=events))
    if not is_complete:
        sys.exit(1)
