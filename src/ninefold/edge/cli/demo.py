"""`ninefold demo` and its demos: `callbacks`, `assistant`, `chess`, `messaging`, `payments`, `video`, `workflows`."""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from ninefold.edge.demo.assistant import run_assistant_demo
from ninefold.edge.demo.callbacks import run_callbacks_demo
from ninefold.edge.demo.chess.run import run_chess_demo
from ninefold.edge.demo.messaging.run import run_messaging_demo
from ninefold.edge.demo.payments.run import run_payments_demo
from ninefold.edge.demo.run import run_demo
from ninefold.edge.demo.video.run import run_video_demo
from ninefold.edge.demo.workflows.run import run_workflows_demo

demo = App(name="demo", help="Watch real webhooks being delivered by a temporary installation.")

Json = Annotated[bool, Parameter(negative="", show_default=False)]
Events = Annotated[int | None, Parameter(validator=Number(gte=1))]
Plies = Annotated[int | None, Parameter(validator=Number(gte=2))]
Pace = Annotated[float, Parameter(validator=Number(gte=0))]
Payments = Annotated[int, Parameter(validator=Number(gte=50))]


@demo.default
def demo_webhooks(*, json: Json = False, events: Events = None) -> None:
    """Publish webhooks like those of GitHub to five subscribers, four of them difficult, and compare every byte.

    It uses its own data folder and ports, and removes the folder at the end.

    Args:
        json: Print the summary as JSON on standard output.
        events: Number of events to publish; by default one for each sample payload, but at least 120.
    """
    _run(run_demo(is_json=json, events=events))


@demo.command(name="callbacks")
def demo_callbacks(*, json: Json = False, events: Events = None) -> None:
    """Receive callbacks as GitHub sends them, among forged, repeated and truncated ones, and kill processes meanwhile.

    Every genuine one must be passed on once, byte for byte, and none of the others.

    Args:
        json: Print the summary as JSON on standard output.
        events: Number of genuine callbacks; by default one for each sample payload, but at least 120.
    """
    _run(run_callbacks_demo(is_json=json, events=events))


@demo.command(name="assistant")
def demo_assistant(*, json: Json = False) -> None:
    """Ask the included model, and kill the worker and then the engine in the middle of its answer.

    The answer must go on each time, and what was shown must be exactly its log.

    Args:
        json: Print the summary as JSON on standard output.
    """
    _run(run_assistant_demo(is_json=json))


@demo.command(name="chess")
def demo_chess(*, json: Json = False, plies: Plies = None) -> None:
    """Let two bots play on a network that loses, delays and repeats messages, and kill the server in the middle.

    Both players and a spectator must in the end have exactly the log that was committed.

    Args:
        json: Print the summary as JSON on standard output.
        plies: Number of moves, of both players together, after which the player to move resigns; by default, the game
            goes on until checkmate.
    """
    _run(run_chess_demo(is_json=json, plies_max=plies))


@demo.command(name="messaging")
def demo_messaging(*, json: Json = False, pace: Pace = 0.5) -> None:
    """Let three members and a bot talk on a bad network, cut one of them off for a while, and kill the server.

    Every device must in the end have exactly the log that was committed, and every unread count must be right.

    Args:
        json: Print the summary as JSON on standard output.
        pace: Seconds after which somebody does the next thing.
    """
    _run(run_messaging_demo(is_json=json, pace_s=pace))


@demo.command(name="payments")
def demo_payments(*, json: Json = False, payments: Payments = 500) -> None:
    """Take payments of three merchants, kill the server in the middle, settle, pay out, reconcile and audit.

    Every cent must be accounted for, and the reconciliation must find the two faults of the processor's report.

    Args:
        json: Print the summary as JSON on standard output.
        payments: Number of payments.
    """
    _run(run_payments_demo(is_json=json, payments=payments))


@demo.command(name="video")
def demo_video(*, json: Json = False) -> None:
    """Play a clip while it is still uploaded and encoded, and kill a worker in the middle.

    Each frame must be in each quality once, no timeline may have a gap, and each quality gets its VMAF.

    Args:
        json: Print the summary as JSON on standard output.
    """
    _run(run_video_demo(is_json=json))


@demo.command(name="workflows")
def demo_workflows(*, json: Json = False) -> None:
    """Push a project with a workflow, kill the runner in the middle of a job, and run again what failed.

    Each verdict, the artifact and the number of times that each step ran must be as they follow from the project.

    Args:
        json: Print the summary as JSON on standard output.
    """
    _run(run_workflows_demo(is_json=json))


def _run(demonstration: Coroutine[None, None, bool]) -> None:
    # SIGTERM cleans up as Ctrl-C does. The handler of SIGINT is set too, because a shell ignores SIGINT for commands
    # that it runs in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    is_complete = asyncio.run(demonstration)
    if not is_complete:
        sys.exit(1)
