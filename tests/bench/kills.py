"""The test of kill -9, with a thousand of them on SQLite and as many on PostgreSQL (KILLS), for as long as it takes or
for KILLS_SECONDS each."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.servers import ROOT


def run() -> int:
    """Prints what was lost (nothing may be); the exit code."""
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "tests/faults/test_kills.py"]
    return subprocess.run(command, cwd=ROOT, env=os.environ | {"KILLS": os.environ.get("KILLS", "1000")}).returncode
