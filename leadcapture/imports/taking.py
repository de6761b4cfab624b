"""A file that somebody brings becomes an import: looked into where it lies, kept among the uploads, and its columns
guessed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any, TypeVar

import gevent

from leadcapture import filetypes, uploads
from leadcapture.errors import Invalid
from leadcapture.i18n import gettext as _
from leadcapture.imports import reading, rules
from leadcapture.imports.reading import Shape

R = TypeVar("R")

PREVIEW = 10
EVIDENCE_BYTES = 20_000_000
# What may show how people agreed: documents and pictures, as they are downloaded and never shown.
EVIDENCE = ("pdf", "png", "jpg", "jpeg", "webp", "txt", "zip", "docx", "odt", "xlsx", "ods")


@dataclass(frozen=True)
class Taken:
    """A file that is kept: its name among the uploads, its size in bytes, how it is written, the names of its columns
    (none where it has none) and what they are guessed to hold."""

    stored: str
    size: int
    shape: Shape
    header: list[str]
    mapping: dict[int, str]


def take(stream: IO[bytes], most: int) -> Taken:
    """Keep the table that comes by this stream. Raises Invalid for a file that is empty, too large (`most` bytes), or
    no table."""

    # Half a gigabyte is copied and looked through on a native thread: nobody else waits for it.
    def on_a_thread() -> Taken:
        with uploads.received(stream, most) as path:
            shape = reading.inspect(path)
            header, mapping = columns(path, shape)
            size = path.stat().st_size
            return Taken(uploads.keep(path), size, shape, header, mapping)

    return apart(on_a_thread)


def columns(path: Path, shape: Shape) -> tuple[list[str], dict[int, str]]:
    """The names of a table's columns, and what they are guessed to hold. Raises Invalid where it has none or too
    many."""
    header, _begin = reading.header(path, shape)
    sample = preview(path, shape)
    width = max(map(len, [header, *sample]))
    if width == 0:
        raise Invalid(_("There is no row in this file."))
    if width > rules.MOST_COLUMNS:
        raise Invalid(_("This file has more than %(most)s columns.", most=rules.MOST_COLUMNS))
    return header, rules.guess(header, sample)


def preview(path: Path, shape: Shape) -> list[Sequence[str]]:
    """The cells of the first rows."""
    return [row.cells for row in islice(reading.table(path, shape), PREVIEW)]


def take_evidence(stream: IO[bytes], name: str) -> tuple[str, dict[str, Any]]:
    """Keep a file that shows how people agreed: its name among the uploads, and what is kept of it beside (name, size,
    content_type, sha256). Raises Invalid for other types than EVIDENCE, and for what is not what its name says."""
    clean = filetypes.clean_name(name)
    promised = filetypes.type_of(clean, EVIDENCE)
    if promised is None:
        raise Invalid(_("Files of this type are not taken, only: %(allowed)s.", allowed=", ".join(EVIDENCE)))

    def on_a_thread() -> tuple[str, dict[str, Any]]:
        with uploads.received(stream, EVIDENCE_BYTES) as path:
            if not filetypes.keeps_promise(path, promised) or (
                promised.archive and not filetypes.harmless_archive(path)
            ):
                raise Invalid(_("What is in this file is not what its name says (%(name)s).", name=clean))
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            kept = {"name": clean, "size": path.stat().st_size, "content_type": promised.content_type, "sha256": digest}
            return uploads.keep(path), kept

    return apart(on_a_thread)


def apart(function: Callable[[], R]) -> R:
    """Run it on a native thread, while this greenlet alone waits; what it returns or raises."""
    result: R = gevent.get_hub().threadpool.apply(function)
    return result
