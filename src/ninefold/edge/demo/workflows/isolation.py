"""How the jobs of the demo are isolated: as well as this machine can."""

from collections.abc import Mapping
from typing import Final

import msgspec

from ninefold.systems.workflows.isolation.host import examine_isolation
from ninefold.systems.workflows.isolation.policy import IsolationPolicy

_WEAK: Final = "NINEFOLD_WORKFLOWS_ALLOW_WEAK_ISOLATION"


class Isolation(msgspec.Struct, frozen=True, kw_only=True):
    """What the demo asks for, and what it says about it."""

    settings: Mapping[str, str]
    note: str
    is_strong: bool


def choose_isolation() -> Isolation:
    """Return a sandbox with all layers if this machine has them; otherwise a weaker one, for the demo's own project."""
    findings = examine_isolation(IsolationPolicy(allows_weak_isolation=True))
    # Without the second sentence, which is about jobs that aren't trusted.
    missing = [f"{finding.detail.split('. ')[0]}." for finding in findings if finding.state != "ok"]
    if not missing:
        return Isolation(settings={}, note="Each job ran in a sandbox of its own.", is_strong=True)
    note = f"Jobs were isolated weakly, which the demo allows for its own project. {' '.join(missing)}"
    return Isolation(settings={_WEAK: "true"}, note=note, is_strong=False)
