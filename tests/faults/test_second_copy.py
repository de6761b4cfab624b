"""A second copy on the same folder is told so in one sentence; what belongs together still runs together."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from tests.servers import Service, free_port, wait_for


def one_line(service: Service, *arguments: str) -> str:
    done = service.run(*arguments, check=False)
    assert done.returncode == 1, done
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    [line] = lines
    return line


def test_one_service_to_a_folder(make_service: Callable[..., Service]) -> None:
    first = make_service()
    first.seed_demo()
    first.command = ("serve", "--no-jobs")
    first.start()
    assert first.process is not None
    second = make_service(INSTANCE=str(first.folder / "instance"))
    for command in ("serve", "demo"):
        line = one_line(second, command)
        assert f"process {first.process.pid}" in line
        assert "LEADCAPTURE_INSTANCE" in line
    # Jobs and commands beside it are what they are for.
    jobs = second.begin("jobs")
    wait_for(lambda: "jobs are running" in second.log.read_text(), "the jobs to run")
    assert second.run("consent", "verify").returncode == 0

    # However it ends, its place is free: here its workers outlive it for a moment.
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait(10)
    second.command = ("serve", "--no-jobs")
    second.start()
    jobs.kill()
    jobs.wait(10)


def test_two_services_share_a_postgresql(make_service: Callable[..., Service], postgresql_url: str) -> None:
    first = make_service(DATABASE_URL=postgresql_url)
    first.run("db", "upgrade")
    first.command = ("serve", "--no-jobs")
    first.start()
    second = make_service(DATABASE_URL=postgresql_url, INSTANCE=str(first.folder / "instance"), PORT=str(free_port()))
    second.port = int(second.settings["PORT"])
    second.url = f"http://127.0.0.1:{second.port}"
    second.command = first.command
    second.start()


@pytest.mark.parametrize("arguments", [("backup", "/nowhere/backup.tar.gz"), ("restore", "missing.tar.gz", "--yes")])
def test_what_cannot_be_done_is_said(make_service: Callable[..., Service], arguments: tuple[str, ...]) -> None:
    done = make_service().run(*arguments, check=False)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
