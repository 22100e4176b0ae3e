"""The action `cache/restore`: restores files, and doesn't keep any."""

from ninefold.systems.workflows.execution.built_in.cache_entries import read_key, restore
from ninefold.systems.workflows.execution.built_in.toolkit import run_program, set_output


def restore_only() -> None:
    """Restore the files."""
    set_output("cache-primary-key", read_key())
    set_output("cache-matched-key", restore())


if __name__ == "__main__":
    run_program(main=restore_only)
