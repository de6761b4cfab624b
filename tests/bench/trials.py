"""Tests of what must hold, as often as a soak wants it; the number stands in the environment variable of each.

They print what was lost or done twice, which nothing may be, and compare nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys

from tests.servers import ROOT


def drops() -> int:
    """A thousand broken connections (DROPS)."""
    return _run("DROPS", "1000", "tests/faults/test_chat_drops.py")


def hostile() -> int:
    """Slow and hostile clients, with two thousand who dawdle (HOSTILE)."""
    return _run("HOSTILE", "2000", "tests/faults/test_hostile_clients.py")


def kills() -> int:
    """A thousand times kill -9 on SQLite and as many on PostgreSQL (KILLS), for as long as it takes or for
    KILLS_SECONDS each."""
    return _run("KILLS", "1000", "tests/faults/test_kills.py")


def replays() -> int:
    """Programs that press buttons and one address typed everywhere, ten thousand times (REPLAYS); and how long it takes
    to answer, by the clock on the wall, for addresses that are known and for others."""
    unbounded = ("--timeout=0", "-W", "ignore")
    return _run("REPLAYS", "10000", *unbounded, "tests/faults/test_replays.py", "tests/forms/test_enumeration.py")


def _run(variable: str, often: str, *arguments: str) -> int:
    """The exit code of pytest."""
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", *arguments]
    environ = os.environ | {variable: os.environ.get(variable, often)}
    return subprocess.run(command, cwd=ROOT, env=environ).returncode
