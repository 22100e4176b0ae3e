"""Write a package-lock.json from its package.json, without the addresses that npm puts in.

python scripts/npm_lock.py console
"""

import json
import subprocess
import sys
from pathlib import Path

NPM = Path(__file__).with_name("npm")
ADDRESSES = ("resolved", "funding")


def write_lock(folder: Path) -> None:
    """Let npm choose the versions, then remove the addresses of the registry and of sponsors' pages."""
    subprocess.run([NPM, "--prefix", folder, "install", "--package-lock-only", "--silent"], check=True)  # noqa: S603 the arguments are ours
    file = folder / "package-lock.json"
    lock = json.loads(file.read_text(encoding="utf-8"))
    for package in lock["packages"].values():
        for name in ADDRESSES:
            package.pop(name, None)
    file.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        write_lock(Path(argument))
