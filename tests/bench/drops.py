"""The test of broken connections, with a thousand of them."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.servers import ROOT


def run() -> int:
    """Prints what was lost (nothing may be); the exit code."""
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "tests/faults/test_chat_drops.py"]
    return subprocess.run(command, cwd=ROOT, env=os.environ | {"DROPS": os.environ.get("DROPS", "1000")}).returncode
