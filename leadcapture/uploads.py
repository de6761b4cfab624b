"""Files that people upload: under random names in the folder `uploads` of the instance, outside of everything that is
served as it is. Knows neither whose they are nor what is in them: the database does."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from leadcapture.errors import Invalid
from leadcapture.i18n import gettext as _
from leadcapture.settings import Settings

CHUNK = 1 << 16
_KEPT = re.compile("[0-9a-f]{32}")  # see keep()
# What is being received lies here, locked (flock(2)) by the process that receives it.
_RECEIVING = "receiving"
UNFINISHED_FOR = timedelta(minutes=10)


class TooLarge(Invalid):
    """A file larger than the setting allows."""

    status = 413
    code = "too_large"


_folder: Path | None = None
_most_mb = 0


def configure(settings: Settings) -> None:
    """Take the folder and the largest size (the setting UPLOAD_MB)."""
    global _folder, _most_mb
    _folder, _most_mb = settings.instance / "uploads", settings.upload_mb


def most_bytes() -> int:
    """How large a file may be."""
    return _most_mb * 1_000_000


def too_large(most: int | None = None) -> TooLarge:
    """What is said to a file that is larger than `most` bytes, or than any file may be."""
    number = f"{(most or most_bytes()) / 1_000_000:g}"
    return TooLarge(_("This file is larger than %(number)s MB. Choose a smaller one.", number=number))


@contextmanager
def received(stream: IO[bytes], most: int | None = None) -> Iterator[Path]:
    """`with received(stream) as path:` what was uploaded as a file of its own, to be looked into and then `kept`; it is
    gone at the end of the block unless it was. `most` is how many bytes it may have, where that is less than any.

    Raises Invalid with a sentence for a file that is too large or empty.
    """
    path = _folder_of(_RECEIVING) / f"{secrets.token_hex(16)}.part"
    # Made with its mode in one step: never readable by others on the machine.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            size = 0
            while chunk := stream.read(CHUNK):
                size += len(chunk)
                if size > (most or most_bytes()):
                    raise too_large(most)
                file.write(chunk)
            if not size:
                raise Invalid(_("This file is empty."))
            file.flush()
            os.fsync(file.fileno())
            yield path
        finally:
            path.unlink(missing_ok=True)


def keep(path: Path) -> str:
    """Keep a `received` file for good; returns the name to find it by. It is there as a whole or not at all, and on the
    disk before any row can name it."""
    name = secrets.token_hex(16)
    path.rename(_uploads() / name)
    folder = os.open(_uploads(), os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return name


def path_of(name: str) -> Path:
    """Where a kept file lies. Raises FileNotFoundError when it is not there (any more)."""
    path = _uploads() / Path(name).name
    if not path.is_file():
        raise FileNotFoundError(name)
    return path


def drop(name: str) -> None:
    """Delete a kept file; one that is gone already is no matter."""
    with suppress(FileNotFoundError):
        path_of(name).unlink()


def lying(before: datetime) -> list[str]:
    """The names of the kept files that lie there since before that moment."""
    found = []
    for path in _uploads().iterdir():
        with suppress(FileNotFoundError):
            if _KEPT.fullmatch(path.name) and path.stat().st_mtime < before.timestamp():
                found.append(path.name)
    return found


def sweep(now: datetime) -> int:
    """Delete what was being received by a process that was killed. Returns how many files that were.

    Whatever the clock says: what somebody still receives is locked, and stays.
    """
    swept = 0
    for path in _folder_of(_RECEIVING).iterdir():
        # Another process may sweep, or keep it, at the same moment.
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < (now - UNFINISHED_FOR).timestamp() and _is_nobodys(path):
                path.unlink()
                swept += 1
    return swept


def _is_nobodys(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _uploads() -> Path:
    return _folder_of("")


def _folder_of(name: str) -> Path:
    if _folder is None:
        raise RuntimeError("uploads.configure was not called")
    _folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = _folder / name
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder
