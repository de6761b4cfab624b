"""Runs the service and the bare reference in turn, so that a drifting machine drifts for both."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import ROOT, Service, free_port, wait_for

ROUNDS = 3
SECONDS = "5"


@contextmanager
def bare() -> Iterator[str]:
    """The bare reference, answering; its address."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.bare", str(port)], cwd=ROOT, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: _answers(url), "the bare reference to answer")
        yield url
    finally:
        process.terminate()
        process.wait()


@contextmanager
def ours(**settings: str) -> Iterator[Service]:
    """The service with demo data, as users run it, but for limits that one loopback client would hit."""
    unlimited = {"RATE_FORM": "1000000/second", "RATE_FORM_PLAIN": "1000000/second", "RATE_MESSAGE": "1000000/second"}
    with tempfile.TemporaryDirectory() as folder, Service(Path(folder), **unlimited, **settings) as service:
        service.preloaded = False  # measured as users start it
        service.seed_demo()
        service.start()
        yield service


def load(url: str, path: str, clients: int) -> float:
    """Forms taken per second."""
    command = [sys.executable, "-m", "tests.bench.load", url, path, str(clients), SECONDS]
    return float(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=120).stdout)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=1):
            return True
    except OSError:  # refused, or too busy to say so within the second
        return False
