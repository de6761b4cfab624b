"""Putting what was made ready into the place of what is there: a list of renames, written down before the first one.

A process that is killed in between leaves the list, and the next one goes on where it ended: never is there half of
the one and half of the other.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from leadcapture.settings import Settings

LIST = "restoring.json"

Move = tuple[Path, Path]


def swap(settings: Settings, moves: Sequence[Move]) -> None:
    """Rename each first path, where there is such a thing, to its second, in this order; all of it happens, or, until
    the list is written, nothing. The folders of the second ones are made where they are missing, for this user alone.
    """
    written = settings.instance / LIST
    unfinished = written.with_suffix(".part")
    # What leaves its place comes first, and nothing is ever put where something lies: see _go_on.
    listed = [[str(source), str(target)] for source, target in moves if os.path.lexists(source)]
    unfinished.write_text(json.dumps(listed), encoding="utf-8")
    sync(unfinished)
    unfinished.rename(written)
    sync(settings.instance)
    finish(settings)


def finish(settings: Settings) -> None:
    """Go on with what was being swapped when a process was killed, if there is anything."""
    written = settings.instance / LIST
    with suppress(FileNotFoundError), written.open(encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # one at a time, where several commands begin at once
        if written.exists():
            _go_on([(Path(source), Path(target)) for source, target in json.load(file)])
            written.unlink()
            sync(settings.instance)


def _go_on(moves: Sequence[Move]) -> None:
    folders = set()
    for source, target in moves:
        folders |= {source.parent, target.parent}
        if os.path.lexists(target):
            continue  # done before: whatever lay there had been moved away first
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        source.rename(target)
    for folder in sorted(folders):
        if folder.exists():
            sync(folder)


def sync(path: Path) -> None:
    """Have the file, or the names in the folder, on the disk when this comes back."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
