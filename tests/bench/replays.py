"""The tests of programs that press buttons and of one address typed everywhere, ten thousand times; and how long it
takes to answer, by the clock on the wall, for addresses that are known and for others."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.servers import ROOT

TESTS = ("tests/faults/test_replays.py", "tests/forms/test_enumeration.py")


def run() -> int:
    """Prints what came of it; the exit code."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-s",
        "-p",
        "no:cacheprovider",
        "--timeout=0",
        "-W",
        "ignore",
        *TESTS,
    ]
    environ = os.environ | {"REPLAYS": os.environ.get("REPLAYS", "10000")}
    return subprocess.run(command, cwd=ROOT, env=environ).returncode
