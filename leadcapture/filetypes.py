"""What a file is by its content, and what it is called. Shared by everything that takes in files; each names the
endings it takes."""

from __future__ import annotations

import codecs
import struct
import unicodedata
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import puremagic

LONGEST_NAME = 120
# An archive that unpacks to more than this, and to so many times its size, is made to fill a disk: no document does.
BOMB_BYTES, BOMB_RATIO = 30_000_000, 100
MOST_UNPACKED = 1_000_000_000
MOST_PARTS = 10_000


@dataclass(frozen=True)
class FileType:
    """A type of file: what it is served as, and how its content is known: by `signs` (what puremagic calls it), and
    where it is an archive by the `mimetype` it says it has (EPUB and OpenDocument do) or by a `part` it must have.
    Without signs it is plain text."""

    content_type: str
    signs: tuple[str, ...] = (".zip",)
    mimetype: str = ""
    part: str = ""

    @property
    def archive(self) -> bool:
        return self.signs == (".zip",)


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
    "txt": FileType("text/plain", ()),
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


def ending_of(name: str) -> str:
    """What a name ends with after its last dot, in small letters; nothing where it has none."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def type_of(name: str, taken: Collection[str]) -> FileType | None:
    """The type that a name's ending promises; None for an ending that is not `taken`."""
    ending = ending_of(name)
    return TYPES[ending] if ending in taken else None


def keeps_promise(path: Path, promised: FileType) -> bool:
    """Whether the file's content is of that type: its ending alone says nothing."""
    if not promised.signs:
        return is_text(path)
    with path.open("rb") as file:
        head = file.read(4096)
    try:
        signs = {match.extension for match in puremagic.magic_string(head)}
    except (puremagic.PureError, ValueError):
        return False
    if not signs.intersection(promised.signs):
        return False
    return not promised.archive or _archive_is(path, promised)


def is_text(path: Path) -> bool:
    """Whether the file is text in UTF-8, without the control characters that no text has."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while chunk := file.read(1 << 16):
                if not _readable(decoder.decode(chunk)):
                    return False
            return _readable(decoder.decode(b"", final=True))
        except UnicodeDecodeError:
            return False


def _readable(text: str) -> bool:
    return all(char.isprintable() or char.isspace() or unicodedata.category(char) != "Cc" for char in text)


def harmless_archive(path: Path) -> bool:
    """Whether an archive unpacks to what its size may hold and carries no macros. Nothing is unpacked to find out.

    Its list of contents is read only where that is of a document's length.
    """
    try:
        if not _short_list(path):
            return False
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError, struct.error):
        return False
    size, unpacked = path.stat().st_size, sum(part.file_size for part in parts)
    # Parts that lie over one another pack more than there is.
    if sum(part.compress_size for part in parts) > size or unpacked > MOST_UNPACKED:
        return False
    if unpacked > BOMB_BYTES and unpacked > BOMB_RATIO * size:
        return False
    return not any("vbaproject" in part.filename.lower() or part.filename.startswith("Basic/") for part in parts)


def _short_list(path: Path) -> bool:
    """Whether the archive's own end (APPNOTE 4.3.16) says that it has few enough parts to be looked at."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 22 - 0xFFFF))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        return False
    parts, length = struct.unpack_from("<HL", tail, at + 10)
    return bool(parts <= MOST_PARTS and length <= MOST_PARTS * 300)


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
