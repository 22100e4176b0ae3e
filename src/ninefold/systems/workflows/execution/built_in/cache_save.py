"""The action `cache/save`: keeps files."""

from ninefold.systems.workflows.execution.built_in.cache_entries import read_key, save
from ninefold.systems.workflows.execution.built_in.toolkit import run_program


def save_now() -> None:
    """Keep the files."""
    save(read_key())


if __name__ == "__main__":
    run_program(main=save_now)
