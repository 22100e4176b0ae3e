"""How the jobs of the demo are isolated: as well as this machine can."""

import os
import shutil
from collections.abc import Mapping
from typing import Final

import msgspec

_WEAK: Final = "NINEFOLD_WORKFLOWS_ALLOW_WEAK_ISOLATION"


class Isolation(msgspec.Struct, frozen=True, kw_only=True):
    """What the demo asks for, and what it says about it."""

    settings: Mapping[str, str]
    note: str
    is_sandbox: bool


def choose_isolation() -> Isolation:
    """Return a sandbox if this machine can have one; otherwise weak isolation, for the demo's own project only."""
    missing = [
        reason
        for reason, is_missing in (
            ("it doesn't run as root", os.geteuid() != 0),
            ("bubblewrap isn't installed", shutil.which("bwrap") is None),
        )
        if is_missing
    ]
    if not missing:
        return Isolation(settings={}, note="Each job ran in a sandbox of its own.", is_sandbox=True)
    note = f"Jobs were isolated weakly, which the demo allows for its own project: {' and '.join(missing)}."
    return Isolation(settings={_WEAK: "true"}, note=note, is_sandbox=False)
