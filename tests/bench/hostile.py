"""The test of slow and hostile clients, with two thousand who dawdle."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.servers import ROOT


def run() -> int:
    """Prints what everybody else felt of it; the exit code."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-s",
        "-p",
        "no:cacheprovider",
        "tests/faults/test_hostile_clients.py",
    ]
    environ = os.environ | {"HOSTILE": os.environ.get("HOSTILE", "2000")}
    return subprocess.run(command, cwd=ROOT, env=environ).returncode
