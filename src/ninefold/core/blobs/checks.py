"""The check of blobs for `ninefold doctor`."""

import os
import shutil
from pathlib import Path
from typing import Final

from ninefold.core.blobs.objects import SETTING, open_objects
from ninefold.core.checks import Finding, failed, ok, warning
from ninefold.core.config import CoreSettings
from ninefold.core.errors import NinefoldError

FREE_BYTES_COMFORTABLE: Final = 1024**3

_CHECK: Final = "blobs"
_OTHER_PLACE: Final = f"Choose another place with {SETTING}."


async def check_blobs(settings: CoreSettings) -> Finding:
    """Find out whether contents can be stored; nothing is created or changed."""
    try:
        objects = open_objects(settings.blobs_url, data_dir=settings.data_dir)
        if objects.folder is not None:
            return _check_folder(objects.folder, is_database_elsewhere=settings.database_url is not None)
        await objects.probe()
    except NinefoldError as error:
        return failed(_CHECK, error.detail, "Check the address, the credentials, and that the bucket exists.")
    return ok(_CHECK, f"{objects.name} answers")


def _check_folder(folder: Path, *, is_database_elsewhere: bool) -> Finding:
    existing = next(each for each in (folder, *folder.absolute().parents) if _is_seen(each))
    if not existing.is_dir():
        return failed(_CHECK, f"{existing} isn't a folder.", _OTHER_PLACE)
    if not os.access(existing, os.W_OK | os.X_OK):
        return failed(_CHECK, f"This user can't write to {existing}.", _OTHER_PLACE)
    free_bytes = shutil.disk_usage(existing).free
    detail = f"{folder}, {free_bytes / 1024**3:.1f} GB free"
    if is_database_elsewhere:
        detail += "; processes on other machines need the same folder, or a bucket"
    if free_bytes < FREE_BYTES_COMFORTABLE:
        return warning(_CHECK, detail, f"Free some space. Or: {_OTHER_PLACE}")
    return ok(_CHECK, detail)


def _is_seen(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        # The finding will be about the parent folder that can't be read.
        return False
