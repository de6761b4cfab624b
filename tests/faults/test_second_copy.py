"""A second copy on the same folder is told so in one sentence; what belongs together still runs together."""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers import Service, wait_for


def one_line(service: Service, *arguments: str) -> str:
    done = service.run(*arguments, check=False)
    assert done.returncode == 1, done
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    [line] = lines
    return line


def is_free(path: Path) -> bool:
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def test_one_service_to_a_folder(make_service: Callable[..., Service]) -> None:
    first = make_service()
    first.seed_demo()
    first.command = ("serve", "--no-jobs")
    first.start()
    assert first.process is not None
    second = make_service(INSTANCE=str(first.folder / "instance"))
    line = one_line(second, "serve")
    assert f"process {first.process.pid}" in line
    assert "LEADCAPTURE_INSTANCE" in line
    # Jobs and commands beside it are what they are for.
    jobs = second.begin("jobs")
    wait_for(lambda: "jobs are running" in second.log.read_text(), "the jobs to run")
    assert second.run("consent", "verify").returncode == 0

    # However it ends, its place is free, once its workers have noticed, who outlive it for a moment.
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait(10)
    wait_for(lambda: is_free(first.folder / "instance" / "serve.lock"), "the workers to end", 30)
    second.command = ("serve", "--no-jobs")
    second.start()
    jobs.kill()
    jobs.wait(10)


@pytest.mark.parametrize("arguments", [("backup", "/nowhere/backup.tar.gz"), ("restore", "missing.tar.gz", "--yes")])
def test_what_cannot_be_done_is_said(make_service: Callable[..., Service], arguments: tuple[str, ...]) -> None:
    done = make_service().run(*arguments, check=False)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
