"""The API against its own OpenAPI document: schemathesis sends what fits the document, and what doesn't."""

import subprocess
import sys
from pathlib import Path

import httpx

from installations import clean_environment

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
FINISHED_WITHIN_S = 120


def test_every_operation_keeps_what_the_document_promises(server_url: str, api_key: str, tmp_path: Path) -> None:
    # The seed stands in the configuration, and with what reproduces a failure in the output.
    finished = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--no-color", "--config-file", str(CONFIGURATION)),
            *("run", f"{server_url}/openapi.json", "--header", f"Authorization: Bearer {api_key}"),
            "--continue-on-failure",
        ],
        cwd=tmp_path,
        env=clean_environment({"PYTHONUTF8": "1", "NO_PROXY": "127.0.0.1"}),
        capture_output=True,
        encoding="utf-8",
        timeout=FINISHED_WITHIN_S,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    operations = httpx.get(f"{server_url}/openapi.json", trust_env=False).json()["paths"].values()
    count = sum(len(methods) for methods in operations)
    assert f"Tested: {count}" in finished.stdout, finished.stdout
