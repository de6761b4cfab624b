"""Mails rendered, stored, claimed, built, signed and handed to a sink, by one worker; per second of its processor, and
by the clock. The bare references store nothing and sign nothing. The sink is a process of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from leadcapture.mail import dkim
from tests.bench import rounds
from tests.bench.figures import Figure
from tests.servers import ROOT, PostgreSQL, free_port, wait_for

MAILS = 1500
DOMAIN = "shop.example.org"
SIGNED = {"unsigned": (), "ed25519": ("ed25519",), "RSA-2048": ("rsa",), "ed25519 and RSA-2048": ("ed25519", "rsa")}
BARE = "bare: Jinja, EmailMessage, smtplib"
REACH = {"unsigned": "≥ 800 a core", "ed25519 and RSA-2048": "≥ 500 a core"}


def run() -> list[Figure]:
    rates: dict[str, list[float]] = {}

    def note(name: str, rate: float) -> None:
        rates.setdefault(name, []).append(rate)

    with tempfile.TemporaryDirectory() as made, PostgreSQL() as postgresql:
        dkim.add(Path(made), DOMAIN, "bench")
        for _ in range(rounds.ROUNDS):
            said = _said("tests.bench.bare_mail")
            note(BARE, MAILS / said["built"]["cpu"])
            note("bare: smtplib, one mail built beforehand", MAILS / said["one"]["cpu"])
            for variant, algorithms in SIGNED.items():
                said = _ours(Path(made), algorithms)
                note(variant, MAILS / (said["render"] + said["deliver"]))
                note(f"{variant}, delivery alone", MAILS / said["deliver"])
                note(f"{variant}, by the clock", MAILS / said["wall"])
            said = _ours(Path(made), (), DATABASE_URL=postgresql.new_database())
            note("unsigned, PostgreSQL", MAILS / (said["render"] + said["deliver"]))
            note("unsigned, PostgreSQL, delivery alone", MAILS / said["deliver"])
    return [
        Figure(name, "per second", values, of=None if name == BARE else BARE, reach=REACH.get(name, ""))
        for name, values in rates.items()
    ]


def _ours(keys: Path, algorithms: tuple[str, ...], **settings: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        instance = Path(folder) / "instance"
        (instance / "dkim").mkdir(parents=True)
        for algorithm in algorithms:
            shutil.copy(keys / f"{DOMAIN}.bench-{algorithm}.pem", instance / "dkim")
        return _said("tests.bench.load_mail", INSTANCE=str(instance), CHECK_MX="no", **settings)


def _said(module: str, **settings: str) -> dict[str, Any]:
    """What that program prints after it sent MAILS mails to a sink, every one of which arrived."""
    with _sink() as (port, taken):
        ours = module == "tests.bench.load_mail"
        environ = {"SMTP_URL": f"smtp://127.0.0.1:{port}?tls=none", **settings}
        done = subprocess.run(
            [sys.executable, "-m", module, *([] if ours else [str(port)]), str(MAILS)],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
            timeout=300,
            env=os.environ | {f"LEADCAPTURE_{name}": value for name, value in environ.items()},
        )
        assert taken() >= MAILS
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@contextmanager
def _sink() -> Iterator[tuple[int, Any]]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.sink", str(port)], cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True
    )

    def taken() -> int:
        process.terminate()
        return int(json.loads(process.communicate(timeout=10)[0])["mails"])

    try:
        wait_for(lambda: _listens(port), "the sink to listen")
        yield port, taken
    finally:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
