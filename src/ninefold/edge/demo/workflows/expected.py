"""What must have happened at the end of the demo: verdicts, outputs, the artifact and how often each step ran.

It follows from the workflow file of the project. The artifact is what the project's own code prints.
"""

import runpy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

PROJECT: Final = Path(__file__).with_name("project")
"""The project that is pushed."""

WORKFLOW: Final = "ci.yml"
ARTIFACT: Final = "price-list"
KILLED_JOB: Final = "package"
KILLED_AT: Final = "Joining europe"
"""The line of its log after which the runner is killed."""

_CHECKOUT: Final = "Run actions/checkout@v4"
_ZONES: Final = ("domestic", "europe", "world")
_TESTS: Final = tuple(f"test ({zone})" for zone in _ZONES)
_TEST_STEPS: Final = {_CHECKOUT: 1, "Test": 1, "Write the price list": 1, "Keep the price list": 1}

VERDICTS: Final[Mapping[str, Sequence[str]]] = {
    "plan": ["succeeded"],
    **{name: ["succeeded"] for name in _TESTS},
    # Its runner is killed.
    KILLED_JOB: ["failed", "succeeded"],
    # First it is skipped, because it needs the package; then there is no tag.
    "publish": ["skipped", "failed", "succeeded"],
}
"""How each job ends in the attempts in which it has a part."""


def place_of(name: str) -> int:
    """Return where a job is shown; jobs that must not be there come last."""
    order = {job: number for number, job in enumerate([*VERDICTS, "test"])}
    return order.get(name, len(order))


STEPS: Final[Mapping[str, Mapping[str, int]]] = {
    "plan": {_CHECKOUT: 1, "Read version and zones": 1},
    **dict.fromkeys(_TESTS, _TEST_STEPS),
    KILLED_JOB: {
        "Get the price lists": 2,
        "Join the price lists": 2,
        "Compute the checksum": 1,
        "Keep the package": 1,
    },
    "publish": {_CHECKOUT: 2, "Find the tag": 2, "Get the package": 1, "Check the package": 1, "Publish": 1},
}
"""How often each step runs, in all attempts together."""


def expected_tag() -> str:
    """Return the tag without which nothing is published."""
    return f"v{_project()['VERSION']}"


def expected_announcement() -> str:
    """Return what the last job says, which is made of outputs of the first one and of the artifact."""
    return f"Price list {expected_tag()} with {len(expected_artifact().splitlines())} prices"


def expected_artifact() -> bytes:
    """Return the contents of the file in the artifact."""
    price_list = _project()["price_list"]
    return "".join(f"{line}\n" for zone in _ZONES for line in price_list(zone)).encode()


def _project() -> dict[str, Any]:
    return runpy.run_path(str(PROJECT / "postage" / "__init__.py"))
