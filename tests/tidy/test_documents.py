import json
import tomllib
from pathlib import Path
from typing import Any, Final

import cyclopts
import msgspec
import pytest

from ninefold import __version__
from ninefold.core.commands import ClientSettings
from ninefold.core.config import CoreSettings, setting_names
from ninefold.edge.cli import build_app
from ninefold.edge.systems import SYSTEMS
from tidy.documents import (
    DECISION_PARTS,
    find_bad_changelog,
    find_bad_decisions,
    find_bad_locks,
    find_dead_links,
    find_repeated_commands,
    find_undocumented_commands,
    find_undocumented_settings,
    find_unknown_settings,
    list_commands,
)
from tidy.tree import DECISIONS, OPERATIONS, ROOT, documents

PREFIX: Final = "NINEFOLD_"
DEPENDS_ON_THE_MACHINE: Final = {
    "NINEFOLD_DATA_DIR",
    "NINEFOLD_WORKERS",
    "NINEFOLD_PAYMENTS_BANK_FILES_FOLDER",
    "NINEFOLD_WORKFLOWS_RUNNER_FOLDER",
    "NINEFOLD_WORKFLOWS_ACTIONS",
    "NINEFOLD_WORKFLOWS_REPOSITORIES",
}
HASH: Final = "--hash=sha256:" + "0" * 64


def all_defaults() -> dict[str, object]:
    """Return all settings of the core and of the systems, with their defaults."""
    owners: list[tuple[Any, str]] = [(CoreSettings(), PREFIX), (ClientSettings(), PREFIX)]
    owners += [(system.read_settings({}), f"{PREFIX}{system.name.upper()}_") for system in SYSTEMS]
    defaults: dict[str, object] = {}
    for settings, prefix in owners:
        names = setting_names(type(settings), prefix=prefix)
        defaults.update(zip(names, msgspec.structs.astuple(settings), strict=True))
    return {name: ... if name in DEPENDS_ON_THE_MACHINE else default for name, default in defaults.items()}


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]  # type: ignore[no-any-return]


def test_every_link_has_a_target() -> None:
    assert list(find_dead_links(documents())) == []


@pytest.mark.parametrize(
    ("link", "is_dead"),
    [
        ("[a](other.md)", False),
        ("[a](other.md#the-second-part)", False),
        ("[a](#here-its-me)", False),
        ("[a](https://example.com/missing)", False),
        ("```\n[a](missing.md)\n```", False),
        ("[a](missing.md)", True),
        ("[a](other.md#third-part)", True),
        ("[a](#there)", True),
    ],
)
def test_a_dead_link_is_reported(tmp_path: Path, link: str, *, is_dead: bool) -> None:
    (tmp_path / "other.md").write_text("# Other\n\n## The second part\n")
    document = tmp_path / "document.md"
    document.write_text(f"# Here: it's me\n\n{link}\n")

    assert (list(find_dead_links([document])) != []) is is_dead


def test_every_setting_is_documented_with_its_default() -> None:
    document = OPERATIONS.read_text(encoding="utf-8")

    assert list(find_undocumented_settings(all_defaults(), document)) == []
    assert list(find_unknown_settings(all_defaults(), document)) == []


@pytest.mark.parametrize(
    "document",
    [
        "| `SHOP_PORT` | `81` | Port. |",
        "| `SHOP_PORTS` | `80` | Port. |",
        "| `SHOP_PORT` | `80` |",
        "SHOP_PORT is the port.",
    ],
)
def test_a_setting_without_its_row_is_reported(document: str) -> None:
    assert list(find_undocumented_settings({"SHOP_PORT": 80}, "| `SHOP_PORT` | `80` | Port. |")) == []
    assert list(find_undocumented_settings({"SHOP_PORT": ...}, "| `SHOP_PORT` | any | Port. |")) == []

    assert len(list(find_undocumented_settings({"SHOP_PORT": 80}, document))) == 1


def test_a_row_for_an_unknown_setting_is_reported() -> None:
    rows = "| `NINEFOLD_PORT` | `1` | Port. |\n| `NINEFOLD_PORT_FILE` | none | File. |"

    assert list(find_unknown_settings(["NINEFOLD_PORT"], rows)) == []
    assert len(list(find_unknown_settings(["NINEFOLD_HOST"], rows))) == 2


def test_no_two_commands_have_the_same_name() -> None:
    owners = {system.name: [name for app in system.commands for name in app.name] for system in SYSTEMS}

    assert "subscriptions" in owners["webhooks"]
    assert list(find_repeated_commands({"the edge": [*build_app(with_systems=False)], **owners})) == []


def test_a_repeated_command_is_reported() -> None:
    assert list(find_repeated_commands({"shop": ["items", "orders"], "bank": ["accounts"]})) == []
    assert list(find_repeated_commands({"shop": ["items", "orders"], "bank": ["orders"]})) == [
        "`ninefold orders` is a command of shop and of bank"
    ]


def test_every_command_is_documented() -> None:
    commands = list_commands(build_app(), "ninefold")

    assert "ninefold keys create" in commands
    assert list(find_undocumented_commands(commands, OPERATIONS.read_text(encoding="utf-8"))) == []


def test_a_command_without_its_row_is_reported() -> None:
    app = cyclopts.App(name="shop")
    keys = cyclopts.App(name="keys")
    keys.command(lambda: None, name="create")
    app.command(lambda: None, name="up")
    app.command(keys)
    commands = list_commands(app, "shop")

    assert commands == ["shop up", "shop keys create"]
    assert list(find_undocumented_commands(commands, "| `shop up` | x |\n| `shop keys create NAME` | x |")) == []
    assert list(find_undocumented_commands(commands, "| `shop up` | x |\n`shop keys`")) == [
        "`shop keys create` has no row"
    ]


def test_every_decision_has_its_number_and_all_parts() -> None:
    assert list(find_bad_decisions(DECISIONS)) == []


def test_an_incomplete_decision_is_reported(tmp_path: Path) -> None:
    parts = [
        "## What we need",
        "## The choice",
        "## When it fails",
        "## What simpler thing would have been enough",
        "## What we measured",
    ]
    assert len(parts) == len(DECISION_PARTS)
    first, second = tmp_path / "0001-first.md", tmp_path / "0002-second.md"
    for file in (first, second):
        file.write_text("\n".join([f"# {file.name[:4]}. Something", *parts]))
    assert list(find_bad_decisions(tmp_path)) == []

    for part in parts:
        first.write_text("\n".join(["# 0001. Something", *[other for other in parts if other != part]]))
        assert len(list(find_bad_decisions(tmp_path))) == 1, part
    first.write_text("\n".join(["# 0002. Something", *parts]))
    assert len(list(find_bad_decisions(tmp_path))) == 1
    first.unlink()
    assert len(list(find_bad_decisions(tmp_path))) == 1
    second.rename(tmp_path / "2-second.md")
    assert len(list(find_bad_decisions(tmp_path))) == 1


def test_the_changelog_has_a_section_for_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert list(find_bad_changelog(changelog, version=__version__)) == []


def test_a_changelog_without_a_section_for_this_version_is_reported() -> None:
    assert list(find_bad_changelog("# Changelog\n\n## [1.0.0] - 2026-01-01\n", version="1.0.0")) == []
    assert list(find_bad_changelog("# Changelog\n\n## [Unreleased]\n", version="1.0.0")) == []

    assert len(list(find_bad_changelog("# Changelog\n\n## [1.0.0]\n", version="1.0.1"))) == 1


def test_package_and_code_have_the_same_version() -> None:
    assert pyproject()["version"] == __version__


def test_every_dependency_is_locked_with_hashes_and_without_registry_addresses() -> None:
    needed = pyproject()["dependencies"]
    extras = pyproject()["optional-dependencies"]
    locks = {
        "requirements.lock": [*needed, *extras["build"]],
        "requirements-dev.lock": [*needed, *extras["build"], *extras["dev"]],
    }

    for name, names in locks.items():
        assert list(find_bad_locks((ROOT / name).read_text(encoding="utf-8"), needed=names)) == [], name


@pytest.mark.parametrize(
    "name",
    [
        "console/package-lock.json",
        "tests/e2e/actions_js/package-lock.json",
        "tests/e2e/centrifuge_js/package-lock.json",
    ],
)
def test_lock_files_of_npm_have_digests_and_no_addresses(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")

    assert "://" not in text
    for path, package in json.loads(text)["packages"].items():
        is_downloaded = path != "" and "inBundle" not in package
        assert not is_downloaded or package["integrity"].startswith("sha512-"), path


@pytest.mark.parametrize(
    "text",
    [
        "item==1.0\n",
        f"--index-url https://registry.example/simple\nitem==1.0 \\\n    {HASH}\n",
        f"item @ https://registry.example/item.whl \\\n    {HASH}\n",
        f"item>=1.0 \\\n    {HASH}\n",
        f"other==1.0 \\\n    {HASH}\n",
    ],
)
def test_a_bad_lock_file_is_reported(text: str) -> None:
    good = f"# made by uv --no-emit-index-url\nItem[extra]==1.0 ; python_version > '3' \\\n    {HASH}\n    # via x\n"
    assert list(find_bad_locks(good, needed=["item>=0.9"])) == []

    assert list(find_bad_locks(text, needed=["item>=0.9"])) != []
