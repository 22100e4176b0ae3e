"""The action `cache`: restores files, and keeps them after the job if there was no cache under exactly its key."""

from ninefold.systems.workflows.execution.built_in.cache_entries import read_key, restore, save
from ninefold.systems.workflows.execution.built_in.toolkit import run_program, save_state, saved_state, say

_KEY = "key"
_MATCHED = "matched"


def restore_first() -> None:
    """Restore the files."""
    # The inputs can be different after the job, such as a key with a hash of files.
    save_state({_KEY: read_key()})
    save_state({_MATCHED: restore()})


def save_last() -> None:
    """Keep the files, unless they were restored."""
    key = saved_state(_KEY)
    if not key:
        return
    if saved_state(_MATCHED) == key:
        say(f"The cache with the key {key} was restored, so that none is saved.")
    else:
        save(key)


if __name__ == "__main__":
    run_program(main=restore_first, post=save_last)
