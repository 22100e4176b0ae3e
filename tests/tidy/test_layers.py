import configparser
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from ninefold.edge.systems import SYSTEMS
from tidy.tree import ROOT, SOURCE

CONTRACTS: Final = ".importlinter"
TIMEOUT_S: Final = 120

SAMPLE_CONTRACTS: Final = """\
[importlinter]
root_package = shop

[importlinter:contract:layers]
name = edge > core
type = layers
layers =
    shop.edge
    shop.core
"""


def lint_imports(folder: Path, *, path: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", "import sys, importlinter.cli as c; sys.exit(c.lint_imports(no_cache=True))"]
    environment = {**os.environ, "PYTHONPATH": str(path)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )


def contracts() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / CONTRACTS, encoding="utf-8")
    return parser


def system_packages() -> set[str]:
    return {file.parent.name for file in (SOURCE / "systems").glob("*/__init__.py")}


def test_all_imports_follow_the_contracts() -> None:
    result = lint_imports(ROOT, path=SOURCE.parent)

    assert result.returncode == 0, result.stdout + result.stderr


def test_an_import_against_a_contract_is_reported(tmp_path: Path) -> None:
    package = tmp_path / "shop"
    package.mkdir()
    for name in ("__init__", "core", "edge"):
        (package / f"{name}.py").write_text("")
    (tmp_path / CONTRACTS).write_text(SAMPLE_CONTRACTS)
    assert lint_imports(tmp_path, path=tmp_path).returncode == 0

    (package / "core.py").write_text("import shop.edge\n")
    result = lint_imports(tmp_path, path=tmp_path)

    assert result.returncode != 0
    assert "shop.core is not allowed to import shop.edge" in result.stdout


def test_every_package_is_in_the_layers() -> None:
    layers = set(contracts()["importlinter:contract:layers"]["layers"].split())
    packages = {f"ninefold.{file.parent.name}" for file in SOURCE.glob("*/__init__.py")}

    assert layers == packages


def test_every_system_has_a_contract_for_its_packages() -> None:
    parser = contracts()
    containers = {parser[section].get("containers", "").strip() for section in parser.sections()}

    assert {f"ninefold.systems.{name}" for name in system_packages()} - containers == set()


def test_every_system_is_listed_in_the_edge() -> None:
    assert {system.name for system in SYSTEMS} == system_packages()
