"""Examples in docstrings and in the page about new systems run, so that they can't become outdated."""

import asyncio
import re
from textwrap import dedent
from types import ModuleType
from unittest.mock import MagicMock

import pytest

from ninefold.core.egress import AddressPolicy
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.system import ServerContext
from ninefold.core.tenancy.api_keys import API_KEY
from tidy.credential_kinds import find_bad_kinds
from tidy.docstring_examples import find_broken_examples, source_modules
from tidy.tree import DOCS

MODULES = list(source_modules())


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_example_runs(module: ModuleType) -> None:
    assert list(find_broken_examples(module)) == []


@pytest.mark.parametrize(
    ("example", "is_broken"),
    [
        ("It does:\n\n    assert limit == 3\n\nAnd then:\n\n    x = limit\n", False),
        ("It does:\n\n    x = limit\n\nAnd then:\n\n    assert x == 3", False),
        ("It waits:\n\n    import asyncio\n\n    await asyncio.sleep(0)\n", False),
        ("A picture.\n\n    a -> b\n", False),
        ("Do it.\n\nArgs:\n    what: not code\n", False),
        ("It does:\n\n    a -> b\n", True),
        ("It does:\n\n    assert limit == 4\n", True),
        ("It does:\n\n    def work() -> Unknown: ...\n", True),
        ("It waits:\n\n    await unknown()\n", True),
    ],
)
def test_an_example_that_fails_is_reported(example: str, *, is_broken: bool) -> None:
    module = ModuleType("sample", example)
    vars(module)["limit"] = 3

    assert (list(find_broken_examples(module)) != []) is is_broken


def test_examples_of_classes_and_functions_are_run_too() -> None:
    module = ModuleType("sample")
    exec(
        dedent(
            '''
            class Shown:
                """It does:

                    assert 1 == 2
                """

            def show():
                """It does:

                    assert 1 == 1
                    assert 1 == 3
                """
            '''
        ),
        vars(module),
    )
    assert len(list(find_broken_examples(module))) == 2


def test_the_example_of_a_new_system_runs() -> None:
    (code,) = re.findall(r"(?ms)^```python\n(.*?)^```", (DOCS / "adding-a-system.md").read_text(encoding="utf-8"))
    module = ModuleType("example")
    exec(code, vars(module))  # our own document.
    system = module.SYSTEM
    context = ServerContext(
        database=MagicMock(spec=Database),
        notifier=MagicMock(spec=Notifier),
        settings=system.read_settings({"NINEFOLD_NOTES_TEXT_LENGTH_MAX": "7"}),
        stopping=asyncio.Event(),
        egress_policy=AddressPolicy.from_cidrs(()),
    )

    assert [surface.path for surface in system.surfaces(context)] == ["/notes/api"]
    assert [finding.detail for check in system.checks for finding in check(context.settings)] == ["up to 7 characters"]
    assert list(find_bad_kinds([API_KEY, *system.credential_kinds])) == []
