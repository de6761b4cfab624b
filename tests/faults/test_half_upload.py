"""An upload that ends in the middle leaves nothing that stays, and a row never names a file that is not on the disk."""

from __future__ import annotations

import io
import os
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import IO

import pytest

from leadcapture import clock, uploads
from leadcapture.forms.kinds.download import due
from leadcapture.settings import Settings
from tests.servers import Service, wait_for

FAR = timedelta(days=400)


@pytest.fixture
def folder(settings: Settings) -> Path:
    uploads.configure(settings)
    return settings.instance / "uploads"


def lying(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_a_killed_process_was_receiving_goes(folder: Path) -> None:
    with uploads.received(io.BytesIO(b"all of it")) as path:
        kept = uploads.keep(path)
    with uploads.received(io.BytesIO(b"half")) as path:
        left = path.with_name("5e" * 16 + ".part")
        path.rename(left)  # what would lie there had the process been killed now
    assert left in lying(folder)
    due.run(clock.now() + timedelta(hours=1))
    assert lying(folder) == [folder / kept]


def test_what_is_being_received_stays_whatever_the_clock_says(folder: Path) -> None:
    with uploads.received(io.BytesIO(b"a slow guide")) as path:
        due.run(clock.now() + FAR)
        kept = uploads.keep(path)
    assert uploads.path_of(kept).read_bytes() == b"a slow guide"


def test_a_file_is_on_the_disk_before_anybody_hears_its_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[bool, int]] = []

    def watched(descriptor: int | IO[bytes]) -> None:
        number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
        path = Path(f"/proc/self/fd/{number}").readlink()
        seen.append((path.is_dir(), len([one for one in folder.iterdir() if one.is_file()])))
        synced(number)

    synced = os.fsync
    monkeypatch.setattr(os, "fsync", watched)
    with uploads.received(io.BytesIO(b"a guide")) as path:
        assert seen == [(False, 0)], "its bytes first"
        uploads.keep(path)
    assert seen == [(False, 0), (True, 1)], "and then its name, before a row can be written"


def test_a_service_killed_in_the_middle_of_an_upload_leaves_no_row_and_no_file(
    make_service: Callable[..., Service],
) -> None:
    service = make_service()
    key = service.seed_demo()["site_key"]
    service.start()
    folder = service.folder / "instance" / "uploads"
    before = sorted(lying(folder))
    head = (
        f"POST /v1/{key}/chat/files HTTP/1.1\r\nHost: 127.0.0.1:{service.port}\r\nOrigin: {service.url}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 3000000\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="file"; filename="note.txt"\r\n\r\n'
    )
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as sending:
        sending.sendall(head.encode() + b"words " * 250_000)  # half of what was promised; taken in, or it would block
        with closing(sqlite3.connect(service.folder / "instance" / "leadcapture.db", timeout=10)) as tables:
            service.kill()
            assert tables.execute("SELECT count(*) FROM chat_files").fetchone() == (0,)
    service.start()
    assert wait_for(lambda: sorted(lying(folder)) == before, "the half of it to be gone")
