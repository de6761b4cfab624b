"""Making a backup: the database as of one moment, then the files that its rows name, and what they are signed with."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from leadcapture import __version__, signing
from leadcapture.backup import archive, snapshots
from leadcapture.backup.archive import Manifest
from leadcapture.backup.working import at_work
from leadcapture.errors import Conflict
from leadcapture.settings import Settings

_WORK = ".leadcapture-backup-"  # how folders begin in which a backup is being made
_UPLOAD = re.compile("[0-9a-f]{32}")
_DKIM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}\.pem")

# Told what is being done, how much of it is, and how much there is.
Progress = Callable[[str, int, int], object]


def back_up(settings: Settings, now: datetime, target: Path, progress: Progress = lambda *_: None) -> Manifest:
    """Write a backup to `target`, which must not exist yet; what it has in it.

    All that was acknowledged before is in it, and it is of one moment: files are there before the rows that name them,
    and so are copied after them. One that somebody deletes just then is missing, as it would be a moment later.
    Raises Conflict with a sentence.
    """
    if target.exists():
        raise Conflict(f"{target} is there already: name another file.")
    try:
        with at_work(target.parent, _WORK) as folder:
            taken = snapshots.take(settings, folder, lambda done, parts: progress("Database", done, parts))
            files = {name: path for name, path in _files(settings) if path.is_file()}
            sizes = taken.path.stat().st_size + sum(path.stat().st_size for path in files.values() if path.exists())
            with archive.writing(target) as out:
                written = 0

                def seen(size: int) -> None:
                    nonlocal written
                    written += size
                    progress("Archive", written, sizes)

                for name, path in {taken.path.name: taken.path, **files}.items():
                    with suppress(FileNotFoundError), path.open("rb") as source:
                        out.add(name, source, seen)
                manifest = Manifest(
                    program=__version__,
                    made_at=now,
                    database=taken.database,
                    revision=taken.revision,
                    keys=fingerprints(),
                    counts=taken.counts,
                    files=out.files,
                )
                out.end(manifest)
    except FileExistsError as error:
        raise Conflict(f"{target} is there already: name another file.") from error
    except OSError as error:
        raise Conflict(f"The backup cannot be written to {target}: {error.strerror or error}.") from error
    return manifest


def fingerprints() -> list[str]:
    """What stands for each of the secret keys, the newest first, and tells nobody what they are."""
    return signing.digests("backup", "fingerprint")


def _files(settings: Settings) -> Iterator[tuple[str, Path]]:
    instance = settings.instance
    for name in ("secret_key", "config.toml"):
        yield name, instance / name
    for folder, wanted in (("dkim", _DKIM), ("uploads", _UPLOAD)):
        with suppress(FileNotFoundError):
            for path in sorted((instance / folder).iterdir()):
                if wanted.fullmatch(path.name):
                    yield f"{folder}/{path.name}", path
