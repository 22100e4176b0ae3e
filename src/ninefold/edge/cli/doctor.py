"""`ninefold doctor`."""

import asyncio
import os
import sys

from rich.text import Text

from ninefold.core.checks import Finding
from ninefold.core.commands import as_plain, print_json, print_table, state_text
from ninefold.edge.cli.settings import Json
from ninefold.edge.doctor import examine


def doctor(
    *,
    port: int | None = None,
    data_dir: str | None = None,
    json: Json = False,
) -> None:
    """Check this machine and its settings; the exit code is 1 if something would fail.

    Args:
        port: Port to check [NINEFOLD_PORT; default: 8900].
        data_dir: Data folder to check [NINEFOLD_DATA_DIR; default: depends on the platform].
        json: see Json.
    """
    findings = asyncio.run(examine(os.environ, port=port, data_dir=data_dir))
    if json:
        print_json(findings)
    else:
        rows = [[state_text(finding.state), finding.check, _describe(finding)] for finding in findings]
        print_table(["State", "Check", "Finding"], rows, empty="Nothing was checked.")
    if any(finding.state == "failed" for finding in findings):
        sys.exit(1)


def _describe(finding: Finding) -> Text:
    text = Text(as_plain(finding.detail, has_lines=True))
    if finding.remedy:
        text.append(f"\n→ {as_plain(finding.remedy, has_lines=True)}", style="italic")
    return text
