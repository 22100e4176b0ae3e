"""Measures workflows: reading and planning, the queue and the runners, a run of 1,000 jobs, and what a sandbox costs.

    .venv/bin/python bench/workflows/run.py

Runs the parts one after the other, each as a program of its own, which prints a table and checks what it measures.
docs/benchmarks.md has the published results.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

PARTS: Final = ("measure_reading.py", "measure_fleet.py", "measure_long_run.py", "measure_isolation.py")


def main() -> int:
    """Run all parts; return 1 if one has failed."""
    codes = [
        subprocess.run([sys.executable, str(Path(__file__).parent / part)], check=False).returncode for part in PARTS
    ]
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main())
