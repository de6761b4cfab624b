"""Pure decisions about files: which may be uploaded, what they are by their content, what they are called."""

from __future__ import annotations

import unicodedata
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import puremagic
from babel.dates import format_date

LONGEST_NAME = 120
COUNTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class FileType:
    """A type of file: what it is served as, and how its content is known: by `signs` (what puremagic calls it), and
    where it is an archive by the `mimetype` it says it has (EPUB and OpenDocument do) or by a `part` it must have."""

    content_type: str
    signs: tuple[str, ...] = (".zip",)
    mimetype: str = ""
    part: str = ""


_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"

# Nothing that a browser would run: no HTML, no SVG, no scripts, no macros.
TYPES: Mapping[str, FileType] = {
    "pdf": FileType("application/pdf", (".pdf",)),
    "epub": FileType("application/epub+zip", mimetype="application/epub+zip"),
    "zip": FileType("application/zip"),
    "docx": FileType(f"{_OFFICE}.wordprocessingml.document", part="word/document.xml"),
    "xlsx": FileType(f"{_OFFICE}.spreadsheetml.sheet", part="xl/workbook.xml"),
    "pptx": FileType(f"{_OFFICE}.presentationml.presentation", part="ppt/presentation.xml"),
    "odt": FileType(f"{_OPEN}.text", mimetype=f"{_OPEN}.text"),
    "ods": FileType(f"{_OPEN}.spreadsheet", mimetype=f"{_OPEN}.spreadsheet"),
    "odp": FileType(f"{_OPEN}.presentation", mimetype=f"{_OPEN}.presentation"),
    "jpg": FileType("image/jpeg", (".jpg", ".jpeg")),
    "jpeg": FileType("image/jpeg", (".jpg", ".jpeg")),
    "png": FileType("image/png", (".png",)),
    "gif": FileType("image/gif", (".gif",)),
    "webp": FileType("image/webp", (".webp",)),
    "mp3": FileType("audio/mpeg", (".mp3",)),
    "m4a": FileType("audio/mp4", (".m4a",)),
    "ogg": FileType("audio/ogg", (".ogg",)),
    "flac": FileType("audio/flac", (".flac",)),
    "wav": FileType("audio/wav", (".wav",)),
    "mp4": FileType("video/mp4", (".mp4",)),
}


def clean_name(name: str) -> str:
    """A file's name as it is kept: the last part of a path alone, nothing invisible or turning the reading direction,
    nothing that a file system minds, at most LONGEST_NAME characters with its ending. Empty where nothing is left."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join("-" if c in '<>:"|?*' else c for c in last if unicodedata.category(c)[0] != "C")
    stem, dot, ending = " ".join(shown.split()).strip(". ").rpartition(".")
    if not dot:
        return ending[:LONGEST_NAME]
    return f"{stem[: LONGEST_NAME - 1 - len(ending[:10])].rstrip()}.{ending[:10]}" if stem else ending[:LONGEST_NAME]


def type_of(name: str) -> FileType | None:
    """The type that a name's ending promises; None for one that may not be uploaded."""
    return TYPES.get(name.rpartition(".")[2].lower()) if "." in name else None


def keeps_promise(path: Path, promised: FileType) -> bool:
    """Whether the file's content is of that type: its ending alone says nothing."""
    with path.open("rb") as file:
        head = file.read(4096)
    try:
        signs = {match.extension for match in puremagic.magic_string(head)}
    except (puremagic.PureError, ValueError):
        return False
    if not signs.intersection(promised.signs):
        return False
    return promised.signs != (".zip",) or _archive_is(path, promised)


def _archive_is(path: Path, promised: FileType) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            if promised.mimetype:
                with archive.open("mimetype") as said:
                    # A hundred bytes tell; whatever more is packed in there stays packed.
                    return said.read(100).strip() == promised.mimetype.encode()
            return not promised.part or promised.part in archive.namelist()
    except (zipfile.BadZipFile, KeyError, OSError, RuntimeError, NotImplementedError, EOFError, ValueError):
        return False


def size_words(size: int) -> str:
    """A number of bytes as people read it: 340 kB, 1.2 MB."""
    if size < 1_000_000:
        return f"{max(1, round(size / 1000))} kB"
    return f"{size / 1_000_000:.1f}".removesuffix(".0") + " MB"


def expires_at(confirmed: datetime, days: int) -> datetime:
    """When the links end."""
    return confirmed + timedelta(days=days)


def day_words(moment: datetime, timezone: str, language: str) -> str:
    """The day of a moment on the clocks of `timezone`, as people read it."""
    return str(format_date(moment.astimezone(ZoneInfo(timezone)), "long", locale=language))
