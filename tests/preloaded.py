"""Processes of ours that start at once: forked off a parent that has imported everything already.

What comes out is a process like any other, with its own pid, session, environment, folder and files, and it runs the
same `python -m …` from its first line; only the second of importing is not spent again for each of a hundred. Run as a
program this module is that parent; it ends when the one who started it does.
"""

from __future__ import annotations

import contextlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from os import fork, waitpid  # before gevent puts its own in their place: no event loop may run in the parent
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parent.parent


class Process:
    """What of `subprocess.Popen` the tests use."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        env: dict[str, str],
        cwd: Path,
        stdin: IO[bytes],
        stdout: IO[bytes],
        stderr: IO[bytes],
    ) -> None:
        """Start `python -m <arguments>` in a session of its own."""
        self.args = [sys.executable, "-m", *arguments]
        self.returncode: int | None = None
        self._lines, theirs = socket.socketpair()
        with theirs:
            files = [stdin.fileno(), stdout.fileno(), stderr.fileno(), theirs.fileno()]
            socket.send_fds(_parent(), [b"."], files)
        request = {"arguments": list(arguments), "env": env, "cwd": str(cwd)}
        self._lines.sendall(json.dumps(request).encode() + b"\n")
        self.pid = int(_line(self._lines))

    def poll(self) -> int | None:
        """The exit code, minus the signal that killed it, or None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it has ended. Raises subprocess.TimeoutExpired after so many seconds."""
        if self.returncode is None:
            self._lines.settimeout(timeout)
            try:
                self.returncode = int(_line(self._lines))
            except (TimeoutError, BlockingIOError) as error:
                raise subprocess.TimeoutExpired(self.args, timeout or 0) from error
            self._lines.close()
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run(
    arguments: Sequence[str], *, env: dict[str, str], cwd: Path, stdin: str = "", check: bool = True
) -> subprocess.CompletedProcess[str]:
    """As `subprocess.run`: `python -m <arguments>` to its end, and what it printed."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(stdin.encode())
        given.seek(0)
        process = Process(arguments, env=env, cwd=cwd, stdin=given, stdout=out, stderr=err)
        try:
            process.wait(120)
        finally:
            process.kill()
        printed = []
        for file in (out, err):
            file.seek(0)
            printed.append(file.read().decode())
    done = subprocess.CompletedProcess(process.args, process.wait(), *printed)
    if check:
        done.check_returncode()
    return done


def _line(lines: socket.socket) -> bytes:
    """The next line; it is short, and nothing follows it that could be waited for."""
    line = b""
    while not line.endswith(b"\n"):
        more = lines.recv(1)
        if not more:
            raise EOFError("the parent of preloaded processes is gone")
        line += more
    return line


@cache
def _parent() -> socket.socket:
    """The way to ask this process's own parent of preloaded processes for one."""
    ours, theirs = socket.socketpair()
    with theirs:
        subprocess.Popen(
            [sys.executable, "-m", "tests.preloaded", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    return ours


# ---- in the parent --------------------------------------------------------------------------------------------------


def main() -> None:
    asked = socket.socket(fileno=int(sys.argv[1]))
    _import_everything()
    while True:
        byte, files, *_ = socket.recv_fds(asked, 1, 4)
        if not byte:
            return
        # A process in between waits for the child and says how it ended.
        if fork() == 0:
            break
        for file in files:
            os.close(file)
        with contextlib.suppress(ChildProcessError):
            while waitpid(-1, os.WNOHANG) != (0, 0):
                """Those in between that have done their work are forgotten."""
    asked.close()
    *standard, lines = files
    with socket.socket(fileno=lines) as told:
        request = b""
        while not request.endswith(b"\n"):
            request += told.recv(65536)
        child = fork()
        if child:
            told.sendall(f"{child}\n".encode())
            _, status = waitpid(child, 0)
            with contextlib.suppress(BrokenPipeError):
                told.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
            os._exit(0)
    _become(json.loads(request), standard)


def _become(request: dict[str, Any], standard: list[int]) -> None:
    os.setsid()
    for number, file in enumerate(standard):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    module, *arguments = request["arguments"]
    sys.path[0] = request["cwd"]
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _import_everything() -> None:
    """What a start imports, in the order it does; gevent's loop does not run yet."""
    from leadcapture.__main__ import command_line

    command_line()
    # Each process runs it anew, as its first module.
    del sys.modules["leadcapture.__main__"]


if __name__ == "__main__":
    main()
