"""A folder to make something ready in, which nobody finds half of."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leadcapture.backup import swapping


@contextmanager
def at_work(parent: Path, prefix: str) -> Iterator[Path]:
    """`with at_work(…) as folder:` a new folder in `parent`, for this user alone and for the time of the block. What
    processes that were killed have left under that prefix goes too, unless it is still to be swapped in."""
    if not (parent / swapping.LIST).exists():
        for left in parent.glob(f"{prefix}*"):
            with _held(left) as nobodys:
                if nobodys:
                    shutil.rmtree(left, ignore_errors=True)
    with (
        tempfile.TemporaryDirectory(prefix=prefix, dir=parent, ignore_cleanup_errors=True) as name,
        _held(Path(name)),
    ):
        yield Path(name)


@contextmanager
def _held(folder: Path) -> Iterator[bool]:
    """Whether it is a folder that nobody else has locked; then it is locked for the block."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        yield False
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(descriptor)
