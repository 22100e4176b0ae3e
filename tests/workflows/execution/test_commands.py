import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.workflows.execution.commands import COMMAND_NAMES, Command, parse_command


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("::debug::text", Command("debug", {}, "text")),
        ("  ::debug::text  ", Command("debug", {}, "text  ")),
        ("::Warning File=a.c,line=3::b", Command("warning", {"file": "a.c", "line": "3"}, "b")),
        (
            "::error file=a%2Cb%3Ac.c,title=50%25::x%0Ay%25",
            Command("error", {"file": "a,b:c.c", "title": "50%"}, "x\ny%"),
        ),
        ("::notice ::", Command("notice", {}, "")),
        ("::notice title=,file::m", Command("notice", {}, "m")),
        ("::group::a::b", Command("group", {}, "a::b")),
        ("::set-output name=a::b=c", Command("set-output", {"name": "a"}, "b=c")),
        ("::error::100%250A", Command("error", {}, "100%0A")),
        ("x ##[error]old", Command("error", {}, "old")),
        ("##[set-output name=a;x=%3B]v%5D", Command("set-output", {"name": "a", "x": ";"}, "v]")),
        ("text ::debug::text", None),
        ("::unknown::text", None),
        ("::debug", None),
        ("##[section]Starting", None),
        ("##[error", None),
        ("", None),
    ],
)
def test_commands(line: str, expected: Command | None) -> None:
    assert parse_command(line, names=COMMAND_NAMES) == expected


@given(line=st.text(":#[]%= ,;errodebug", max_size=40))
def test_any_line_can_be_parsed(line: str) -> None:
    command = parse_command(line, names=COMMAND_NAMES)
    assert command is None or command.name in COMMAND_NAMES
