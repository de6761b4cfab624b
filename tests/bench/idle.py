"""Idle visitors on one process: what each costs in memory, what all of them cost in CPU, and how fast all are back
after the process was killed and has started again."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from tests.bench import relay
from tests.bench.figures import Figure
from tests.servers import ROOT

NUMBERS = (1_000, 10_000)
HELD = 30.0  # seconds over which the CPU is measured: longer than a ping takes to come round


def run(numbers: tuple[int, ...] = NUMBERS) -> list[Figure]:
    # Each visitor is a file on either side, and the service inherits the limit.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    found: list[Figure] = []
    for number in numbers:
        with tempfile.TemporaryDirectory(prefix="leadcapture-idle-") as folder:
            found += _measured(Path(folder), number)
    return found


def _measured(folder: Path, number: int) -> list[Figure]:
    settings = {"RATE_CONNECT": "1000000/second", "RATE_CONNECT_SITE": "1000000/second"}
    with relay.Measured(folder, **relay.UNLIMITED | settings) as service:
        service.populate()
        service.start()
        before, idle = memory(service), cpu(service, HELD / 3)
        command = [sys.executable, "-m", "tests.bench.load_idle", service.url, service.people.site.key, str(number)]
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as load:
            opened = answer(load)
            time.sleep(5)  # what belongs to arriving is over
            used = cpu(service, HELD)
            each = (memory(service) - before) / number / 1024
            held = ask(load, "held")["held"]
            assert held == number, f"only {held} of {number} are still connected"
            assert load.stdin is not None
            load.stdin.write("herd\n")
            load.stdin.flush()
            service.kill()
            service.start()
            back = answer(load)
            load.stdin.close()
    many = f"{number:,} sockets"
    return [
        Figure(f"{many}: memory each", "KiB", [each], reach="≤ 70 KiB"),
        Figure(f"{many}: CPU, all of the service", "%", [used], reach="< 1 %"),
        Figure(f"{many}: CPU, the service without them", "%", [idle]),
        Figure(f"{many}: opened", "per second", [number / opened["seconds"]]),
        Figure(f"{many}: all back after a kill -9 and a start", "s", [back["seconds"]]),
        Figure(f"{many}: tries each until then", "tries", [back["tries"] / number]),
    ]


def ask(load: subprocess.Popen[str], what: str) -> dict[str, Any]:
    """What the load says to that line."""
    assert load.stdin is not None
    load.stdin.write(f"{what}\n")
    load.stdin.flush()
    return answer(load)


def answer(load: subprocess.Popen[str]) -> dict[str, Any]:
    assert load.stdout is not None
    return dict(json.loads(load.stdout.readline()))


def processes(service: relay.Measured) -> list[psutil.Process]:
    """The service's processes."""
    assert service.process is not None
    parent = psutil.Process(service.process.pid)
    return [parent, *parent.children(recursive=True)]


def memory(service: relay.Measured) -> int:
    """Bytes that the service holds, what its processes share counted once."""
    return sum(process.memory_full_info().pss for process in processes(service))


def cpu(service: relay.Measured, seconds: float) -> float:
    """Percent of one core that the service uses during so many seconds."""
    before = sum(sum(process.cpu_times()[:2]) for process in processes(service))
    time.sleep(seconds)
    after = sum(sum(process.cpu_times()[:2]) for process in processes(service))
    return 100 * (after - before) / seconds
