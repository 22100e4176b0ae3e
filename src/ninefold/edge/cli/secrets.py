"""`ninefold secrets …`: the keys that seal secrets. These commands use the database and the keys, not a server."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import cyclopts
from cyclopts import Parameter

from ninefold.core.commands import print_json, print_note, print_table, state_text
from ninefold.core.errors import ConflictError
from ninefold.core.postgres.database import Database
from ninefold.core.secrets import SealedColumn, Sealer, service
from ninefold.edge.cli.settings import DataDir, Json, read_core_settings
from ninefold.edge.database import open_database, require_migrated
from ninefold.edge.systems import sealed_columns

secrets = cyclopts.App(name="secrets")

_NOTHING_LOST = "No secret was sealed with a key that isn't here."

T = TypeVar("T")


@secrets.command(name="keys")
def list_keys(*, data_dir: DataDir = None, json: Json = False) -> None:
    """List the keys, and how many secrets are sealed with each.

    Args:
        data_dir: see DataDir.
        json: see Json.
    """

    async def list_uses(database: Database, sealer: Sealer) -> list[dict[str, object]]:
        async with database.connection() as connection:
            uses = await service.list_key_uses(connection, sealer, sealed_columns())
        return [
            {"key_id": None if use.key_id is None else use.key_id.hex(), "state": use.state, "secrets": use.values}
            for use in uses
        ]

    found = _run(list_uses, data_dir=data_dir)
    if json:
        print_json(found)
        return
    rows = [
        [key["key_id"] or "not named", state_text(str(key["state"]), like=_LIKE[str(key["state"])]), key["secrets"]]
        for key in found
    ]
    print_table(["Key", "State", "Secrets"], rows, empty="There is no key yet. The first start makes one.")


@secrets.command
def rotate_key(*, data_dir: DataDir = None, json: Json = False) -> None:
    """Seal all secrets with a new key: one that is made in the data folder, or the first in NINEFOLD_SECRETS_KEY.

    Ninefold can run meanwhile. After an interruption, the same command completes the rotation.

    Args:
        data_dir: see DataDir.
        json: see Json.
    """

    def show_progress(column: SealedColumn, count: int) -> None:
        print_note(f"{count:,} {column.title} sealed")

    async def rotate(database: Database, sealer: Sealer) -> tuple[service.Rotation, bool]:
        rotation = await service.rotate_key(database, sealer, sealed_columns(), on_progress=show_progress)
        return rotation, sealer.file is not None

    rotation, is_file = _run(rotate, data_dir=data_dir)
    if json:
        print_json(
            {
                "key_id": rotation.key_id.hex(),
                "is_new": rotation.is_new,
                "sealed_again": rotation.sealed_again,
                "broken": rotation.broken,
            }
        )
        return
    print_note(f"{rotation.sealed_again:,} secrets were sealed again with the key {rotation.key_id.hex()}.")
    for purpose in rotation.broken:
        print_note(f"{purpose} can't be opened: its row was changed. Set this secret again.")
    if is_file:
        print_note(
            "Back up secrets.key of the data folder. The earlier keys can be removed as soon as no backup of the"
        )
        print_note("database needs them: ninefold secrets remove-earlier-keys")
    else:
        print_note(
            "The earlier keys in NINEFOLD_SECRETS_KEY can be removed; keep them with the backups made until now."
        )


@secrets.command
def remove_earlier_keys(*, data_dir: DataDir = None, json: Json = False) -> None:
    """Remove earlier keys from the data folder. It is refused while a secret is sealed with one of them.

    Args:
        data_dir: see DataDir.
        json: see Json.
    """

    async def remove(database: Database, sealer: Sealer) -> int:
        return await service.remove_earlier_keys(database, sealer, sealed_columns())

    count = _run(remove, data_dir=data_dir)
    if json:
        print_json({"removed": count})
        return
    removed = "1 earlier key was removed." if count == 1 else f"{count} earlier keys were removed."
    print_note(removed if count else "There is no earlier key.")


@secrets.command
def forget_lost_keys(
    *,
    yes: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Give up the secrets that are sealed with a lost key, so that Ninefold starts again.

    Args:
        yes: Do it; without this option, the command only says what would be given up.
        data_dir: see DataDir.
        json: see Json.
    """
    if not yes:
        uses = _run(_list_missing, data_dir=data_dir)
        if not uses:
            raise ConflictError(
                _NOTHING_LOST, remedy="Nothing needs to be given up; `ninefold secrets keys` lists the keys."
            )
        secrets_text = "1 secret is" if uses == 1 else f"{uses:,} secrets are"
        raise ConflictError(
            f"{secrets_text} sealed with a key that isn't here, and would be given up for good.",
            remedy="If you have a backup of the key, restore it instead. Otherwise repeat the command with --yes.",
        )

    async def forget(database: Database, sealer: Sealer) -> dict[str, list[str]]:
        lost = await service.forget_lost_keys(database, sealer, sealed_columns())
        return {table: [str(row_id) for row_id in row_ids] for table, row_ids in lost.items()}

    lost = _run(forget, data_dir=data_dir)
    if json:
        print_json(lost)
        return
    for column in sealed_columns():
        if row_ids := lost.get(column.table):
            print_note(f"{len(row_ids):,} {column.title} are lost. {column.loss_remedy}")
    print_note("Restart Ninefold." if lost else _NOTHING_LOST)


async def _list_missing(database: Database, sealer: Sealer) -> int:
    async with database.connection() as connection:
        uses = await service.list_key_uses(connection, sealer, sealed_columns())
    return sum(use.values for use in uses if use.state == "missing")


def _run(act: Callable[[Database, Sealer], Awaitable[T]], *, data_dir: str | None) -> T:
    settings = read_core_settings(data_dir=data_dir)

    async def run() -> T:
        async with open_database(settings, application_name="ninefold secrets", may_create=False) as database:
            await require_migrated(database)
            return await act(database, Sealer.of(settings))

    return asyncio.run(run())


_LIKE = {"current": "ok", "earlier": "warning", "missing": "failed"}
