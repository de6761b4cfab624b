"""A disk on which nothing more fits."""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import Process, wait_for


def worker_of(process: Process | None, seconds: float = 15.0) -> int:
    """The process id of the one that serves, which a web server's process has started."""
    assert process is not None
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return int(wait_for(lambda: children.read_text().split(), "a worker to be there", seconds)[0])


@contextmanager
def refusing(pid: int) -> Iterator[None]:
    """Whatever that process writes to a file is refused."""
    _soft, hard = before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def full(folder: Path, pid: int) -> Iterator[None]:
    """Nothing more fits on the disk of that folder, where it has one of its own; else it takes nothing of that process,
    which works there."""
    if not os.path.ismount(folder):
        with refusing(pid):
            yield
        return
    hog = folder / "hog"
    with hog.open("wb", buffering=0) as file:
        for size in (1_000_000, 1_000):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * size)
    try:
        yield
    finally:
        hog.unlink()
