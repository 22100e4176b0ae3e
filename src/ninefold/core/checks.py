"""The findings of `ninefold doctor`, from its own checks and from those of the systems."""

from typing import Literal

import msgspec


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one check found."""

    check: str
    """What was checked, such as `open files`."""
    state: Literal["ok", "warning", "failed"]
    detail: str
    remedy: str | None = None
    """How to fix it; None if nothing has to be fixed."""


def ok(check: str, detail: str) -> Finding:
    """Return a finding that needs no attention."""
    return Finding(check=check, state="ok", detail=detail)


def warning(check: str, detail: str, remedy: str) -> Finding:
    """Return a finding that doesn't prevent the start, but needs attention."""
    return Finding(check=check, state="warning", detail=detail, remedy=remedy)


def failed(check: str, detail: str, remedy: str | None) -> Finding:
    """Return a finding because of which something won't work."""
    return Finding(check=check, state="failed", detail=detail, remedy=remedy)
