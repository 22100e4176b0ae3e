"""What an examination finds: the findings of `ninefold doctor`, and of the checks that systems bring along."""

from typing import Literal

import msgspec


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one check found."""

    check: str
    """What was looked at, such as `open files`."""
    state: Literal["ok", "warning", "failed"]
    detail: str
    remedy: str | None = None
    """What to do about it, unless all is well."""


def ok(check: str, detail: str) -> Finding:
    """Return a finding that needs nobody."""
    return Finding(check=check, state="ok", detail=detail)


def warning(check: str, detail: str, remedy: str) -> Finding:
    """Return a finding that lets the start go on, and that somebody should look at."""
    return Finding(check=check, state="warning", detail=detail, remedy=remedy)


def failed(check: str, detail: str, remedy: str | None) -> Finding:
    """Return a finding with which something won't work."""
    return Finding(check=check, state="failed", detail=detail, remedy=remedy)
