"""The file a backup is: a tar (POSIX.1-1988) under gzip (RFC 1952) of plain files with short names, and at its end a
manifest that names each of them with its size and SHA-256.

It is read by hand, header by header, and not by what unpacks any tar: links, devices, long names, sparse files and all
else that an archive could do to whoever opens it do not exist here. Nothing in it is believed before its name, its size
and its hash are what the manifest says.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from leadcapture.backup.swapping import sync
from leadcapture.errors import Invalid

FORMAT = 1
MANIFEST = "manifest.json"
SQLITE, POSTGRESQL = "database.sqlite", "database.pgdump"
DATABASES = {"sqlite": SQLITE, "postgresql": POSTGRESQL}
# What may be in an archive, and where it may lie; nothing else ever has a name.
_NAMES = re.compile(
    r"manifest\.json|database\.(sqlite|pgdump)|secret_key|config\.toml|dkim/[A-Za-z0-9][A-Za-z0-9._-]{0,80}\.pem"
    r"|uploads/[0-9a-f]{32}"
)
CHUNK = 1 << 18
LEVEL = 4  # of gzip: half the time of what is usual, and a tenth larger
# No data of ours shrinks like this; what does is made to fill a disk.
MOST_TIMES, MOST_BEYOND = 100, 200_000_000
MANIFEST_BYTES = 500_000_000


class BadArchive(Invalid):
    """This file is no backup of ours, or not all of it is what was written."""

    code = "bad_archive"


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself. `database` is sqlite or postgresql; `revision` its newest migration; `keys` are
    fingerprints of the secret keys, the newest first; `counts` the rows of some tables; `files` each other file of the
    archive with its size in bytes and its SHA-256."""

    program: str
    made_at: datetime
    database: str
    revision: str
    keys: list[str]
    counts: dict[str, int]
    files: dict[str, tuple[int, str]] = field(default_factory=dict)

    def to_json(self) -> bytes:
        said = {"format": FORMAT, **asdict(self), "made_at": self.made_at.isoformat()}
        return json.dumps(said, indent=1).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Manifest:
        """Raises BadArchive for what is none, or one of a later program."""
        try:
            said: dict[str, Any] = json.loads(text)
            if said.pop("format") != FORMAT:
                raise BadArchive("This backup was made by a later version of LeadCapture: restore it with that one.")
            files = {str(name): (int(size), str(digest)) for name, (size, digest) in said.pop("files").items()}
            made_at = datetime.fromisoformat(said.pop("made_at"))
            manifest = cls(made_at=made_at, files=files, **said)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise BadArchive("This is no backup of LeadCapture: its manifest cannot be read.") from error
        if manifest.made_at.tzinfo is None or manifest.database not in DATABASES:
            raise BadArchive("This is no backup of LeadCapture: its manifest says nothing of use.")
        return manifest


# ---- writing --------------------------------------------------------------------------------------------------------


class Writer:
    """Files go in one after the other; see `writing`."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self.files: dict[str, tuple[int, str]] = {}

    def add(self, name: str, source: IO[bytes], seen: Callable[[int], object] = lambda _bytes: None) -> None:
        """Put an open file in under that name, as long as it is now. `seen` hears of each piece how long it is."""
        size = os.fstat(source.fileno()).st_size
        self._header(name, size)
        digest, left = hashlib.sha256(), size
        while left:
            # The report of an import may be cut and written on meanwhile: what its row knows of stays, and what was
            # behind that is no matter.
            piece = source.read(min(CHUNK, left)) or bytes(min(CHUNK, left))
            digest.update(piece)
            self._out.write(piece)
            left -= len(piece)
            seen(len(piece))
        self._out.write(bytes(-size % tarfile.BLOCKSIZE))
        self.files[name] = (size, digest.hexdigest())

    def end(self, manifest: Manifest) -> None:
        """Write the manifest, which makes the archive whole."""
        content = manifest.to_json()
        self._header(MANIFEST, len(content))
        self._out.write(content + bytes(-len(content) % tarfile.BLOCKSIZE) + bytes(2 * tarfile.BLOCKSIZE))

    def _header(self, name: str, size: int) -> None:
        if not _NAMES.fullmatch(name):
            raise ValueError(f"{name!r} has no place in a backup")
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        # GNU's numbers, for databases of more than 8 GiB; names are too short to need anything else of it.
        self._out.write(info.tobuf(tarfile.GNU_FORMAT))


@contextmanager
def writing(target: Path) -> Iterator[Writer]:
    """`with writing(path) as archive:` what lies at `path`, for this user alone, once the block ended well: all of it
    and on the disk. Else nothing does. What lies there already is never written over (FileExistsError)."""
    if target.exists():
        raise FileExistsError(target)
    unfinished = target.with_name(f".{target.name}.part")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=file) as out:
                yield Writer(out)  # type: ignore[arg-type]  # a GzipFile is as good as an IO[bytes]
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)
    sync(target.parent)


# ---- reading --------------------------------------------------------------------------------------------------------


def read(archive: Path, into: Path | None = None, seen: Callable[[int], object] = lambda _bytes: None) -> Manifest:
    """Read a backup from end to end; its manifest, once all of it has turned out to be what was written.

    With `into`, an empty folder, its files are unpacked there, each for this user alone. `seen` hears how many bytes of
    the archive itself have been read. Raises BadArchive with a sentence, and OSError where the disk does not do.
    """
    with archive.open("rb") as file:
        most = os.fstat(file.fileno()).st_size * MOST_TIMES + MOST_BEYOND
        found: dict[str, tuple[int, str]] = {}
        content = b""
        try:
            with gzip.GzipFile(fileobj=file) as stream:
                for name, pieces in _members(_Bounded(stream, most)):
                    if content:
                        raise BadArchive("This is no backup of LeadCapture: something stands behind its manifest.")
                    if name in found:
                        raise BadArchive(f"This is no backup of LeadCapture: {name} is in it twice.")
                    if name == MANIFEST:
                        content = b"".join(pieces)
                        continue
                    found[name] = _unpack(pieces, into / name if into else None)
                    seen(file.tell())
        except (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError) as error:
            raise BadArchive(
                f"{archive.name} is no backup of LeadCapture, or not a whole one: it ends too early or is damaged."
            ) from error
    if not content:
        raise BadArchive(f"{archive.name} has no manifest: it is no backup of LeadCapture, or not a whole one.")
    manifest = Manifest.from_json(content)
    _compare(manifest, found)
    return manifest


def _compare(manifest: Manifest, found: Mapping[str, tuple[int, str]]) -> None:
    for name in sorted({*manifest.files, *found}):
        if manifest.files.get(name) != found.get(name):
            raise BadArchive(f"This backup is damaged: {name[:120]} is not what was written.")
    if DATABASES[manifest.database] not in found:
        raise BadArchive("This is no backup of LeadCapture: there is no database in it.")


class _Bounded:
    """Reads at most so much: an archive of a kilobyte can be made to unpack to anything."""

    def __init__(self, stream: gzip.GzipFile, most: int) -> None:
        self._stream, self._left = stream, most

    def read(self, size: int) -> bytes:
        """Exactly so many bytes. Raises EOFError where there are fewer."""
        self._left -= size
        if self._left < 0:
            raise BadArchive("This is no backup of LeadCapture: it unpacks to far more than any of ours would.")
        content = b""
        while len(content) < size:
            piece = self._stream.read(size - len(content))
            if not piece:
                raise EOFError
            content += piece
        return content

    def finish(self) -> None:
        """Read the rest, which is nothing but padding: at its end stands gzip's own checksum."""
        while piece := self._stream.read(CHUNK):
            self._left -= len(piece)
            if self._left < 0 or piece.strip(b"\0"):
                raise BadArchive("This is no backup of LeadCapture: something stands behind its end.")


def _members(stream: _Bounded) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The name of each file and its content in pieces, which must be read before the next."""
    while (block := stream.read(tarfile.BLOCKSIZE)).strip(b"\0"):
        info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        if info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or not _NAMES.fullmatch(info.name):
            raise BadArchive(f"This is no backup of LeadCapture: {info.name[:120]!r} has no place in one.")
        if info.size < 0 or (info.name == MANIFEST and info.size > MANIFEST_BYTES):
            raise BadArchive("This is no backup of LeadCapture: a size in it cannot be.")
        yield info.name, _pieces(stream, info.size)
        stream.read(-info.size % tarfile.BLOCKSIZE)
    stream.finish()


def _pieces(stream: _Bounded, size: int) -> Iterator[bytes]:
    while size:
        piece = stream.read(min(CHUNK, size))
        size -= len(piece)
        yield piece


def _unpack(pieces: Iterator[bytes], target: Path | None) -> tuple[int, str]:
    """Size and SHA-256 of what the pieces make; a file of them where a target is named."""
    size, digest = 0, hashlib.sha256()
    if target is None:
        for piece in pieces:
            size += len(piece)
            digest.update(piece)
        return size, digest.hexdigest()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Neither follows a link nor writes over anything: the folder was empty, and only we write into it.
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
        for piece in pieces:
            size += len(piece)
            digest.update(piece)
            file.write(piece)
    return size, digest.hexdigest()
