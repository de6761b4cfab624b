"""Tables of text (RFC 4180 and what spreadsheets make of it), read row by row from any byte at which a row begins.

A row's `end` is the byte after it, so reading can go on there at any time, in another process too. Nothing a file
holds makes this raise or use more memory than a few times LONGEST: what is no proper CSV is read line by line.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

CHUNK = 1 << 18
LONGEST = 1_000_000  # bytes of a row: more is no row of a person
MOST_LINES = 10_000  # of one row
SAMPLE = 1 << 16
DELIMITERS = (",", ";", "\t", "|")
# What an owner may choose where the guess is wrong; all but UTF-16 write line ends as ASCII does.
ENCODINGS = (
    "utf-8",
    "utf-16-le",
    "utf-16-be",
    "cp1252",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp1257",
    "koi8-r",
    "mac-roman",
    "shift-jis",
    "gb18030",
    "big5",
    "euc-kr",
)
MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
ADDRESS = re.compile(r"\s*[^\s@]+@[^\s@]+\.[^\s@]+\s*")

# A cell may be as long as a row; the module's own limit is for the whole process.
csv.field_size_limit(LONGEST)


@dataclass(frozen=True)
class Shape:
    """How a table is written: its encoding (one of ENCODINGS), its delimiter, whether its first row names the columns,
    and the byte at which that row begins."""

    encoding: str
    delimiter: str = ","
    header: bool = True
    start: int = 0


class Row(NamedTuple):
    """One row: its number from 1 on (the header is not counted), its cells as written, the byte after it, and whether
    it was too long to be read (it has no cells then)."""

    number: int
    cells: list[str]
    end: int
    too_long: bool


def inspect(path: Path) -> Shape:
    """How the table is written, as far as the file shows. Takes about a second for each half gigabyte."""
    encoding, start = _encoding(path)
    return shaped(path, encoding, start)


def shaped(path: Path, encoding: str, start: int | None = None) -> Shape:
    """As `inspect`, in an encoding that somebody chose; `start` is where the text begins, if that is known."""
    if start is None:
        with path.open("rb") as file:
            head = file.read(4)
        start = next((len(mark) for mark, of in MARKS if head.startswith(mark) and of == encoding), 0)
    plain = Shape(encoding, start=start, header=False)
    with path.open("rb") as file:
        file.seek(start)
        line = next(_lines(file, encoding), _Line("", 0))
    if named := re.fullmatch(r"sep=([,;\t|])\s*", line.text or ""):
        # Written by spreadsheets for themselves: the table begins after it.
        plain = replace(plain, start=start + line.size, delimiter=named[1])
    else:
        plain = replace(plain, delimiter=_delimiter(path, plain))
    first = next(rows(path, plain), None)
    return replace(plain, header=first is not None and not any("@" in cell for cell in first.cells))


def header(path: Path, shape: Shape) -> tuple[list[str], int]:
    """The names of the columns (none where the table does not name them), and the byte at which its rows begin."""
    first = next(rows(path, replace(shape, header=False)), None) if shape.header else None
    return (first.cells, first.end) if first else ([], shape.start)


def table(path: Path, shape: Shape) -> Iterator[Row]:
    """Every row of the table but the one that names the columns, from the beginning."""
    return rows(path, shape, offset=header(path, shape)[1])


def rows(path: Path, shape: Shape, *, offset: int | None = None, number: int = 0) -> Iterator[Row]:
    """The rows from that byte on, of which `number` came before. Lines with nothing in them are none."""
    end = shape.start if offset is None else offset
    with path.open("rb") as file:
        file.seek(end)
        feed = _Feed(_lines(file, shape.encoding))
        # Strict, so that a quotation mark that nothing closes does not swallow what follows unnoticed.
        reader = csv.reader(feed, delimiter=shape.delimiter, strict=True)
        while True:
            try:
                cells: list[str] | None = next(reader)
            except StopIteration:
                return
            except (csv.Error, _TooMuch):
                cells = feed.first_alone(shape.delimiter)
            end += feed.settle()
            if cells is None or cells:
                number += 1
                yield Row(number, cells or [], end, cells is None)


class _TooMuch(Exception):
    """More lines than a row may have."""


class _Line(NamedTuple):
    text: str | None  # None: it was too long to be kept
    size: int  # in bytes, with its end


class _Feed:
    """Hands the lines to csv's reader, and knows which make the row that it reads: they may have to be given back."""

    def __init__(self, lines: Iterator[_Line]) -> None:
        self._lines = lines
        self._given_back: deque[_Line] = deque()
        self._taken: list[_Line] = []
        self._length = 0

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = self._given_back.popleft() if self._given_back else next(self._lines)
        self._taken.append(line)
        self._length += line.size
        if line.text is None or self._length > LONGEST or len(self._taken) > MOST_LINES:
            raise _TooMuch
        return line.text

    def settle(self) -> int:
        """The row is read: how many bytes it had."""
        size, self._taken, self._length = self._length, [], 0
        return size

    def first_alone(self, delimiter: str) -> list[str] | None:
        """Take the row's first line for the whole row, the others were none of it; None where it is too long."""
        line, *others = self._taken
        self._given_back.extendleft(reversed(others))
        self._taken, self._length = [line], line.size
        if line.text is None:
            return None
        try:
            return next(csv.reader([line.text], delimiter=delimiter))
        except csv.Error:
            return None


def _lines(file: IO[bytes], encoding: str) -> Iterator[_Line]:
    """The lines with their ends (LF, CR LF, CR), and their length in bytes."""
    split, ends = _SPLITTERS.get(encoding, (_split_bytes, (b"\n",)))
    rest, skipped = b"", 0
    while True:
        chunk = file.read(CHUNK)
        found = split(rest + chunk)
        # What may go on in the next chunk waits for it; a CR may be half of a line's end.
        rest = found.pop() if chunk and found and not found[-1].endswith(ends) else b""
        for line in found:
            size, skipped = skipped + len(line), 0
            yield _Line(None if size > LONGEST else line.decode(encoding, "replace"), size)
        if len(rest) > LONGEST:
            rest, skipped = b"", skipped + len(rest)
        if not chunk:
            if skipped:
                yield _Line(None, skipped)
            return


def _split_bytes(buffer: bytes) -> list[bytes]:
    return buffer.splitlines(keepends=True)


def _split_units(pattern: re.Pattern[bytes]) -> Callable[[bytes], list[bytes]]:
    return lambda buffer: [line for line in pattern.findall(buffer) if line]


# Two bytes at a time, so that a line's end is never seen across two characters.
_LE = re.compile(rb"(?:(?!\r\0|\n\0)..)*+(?:\r\0\n\0|\r\0|\n\0|.?\Z)", re.DOTALL)
_BE = re.compile(rb"(?:(?!\0\r|\0\n)..)*+(?:\0\r\0\n|\0\r|\0\n|.?\Z)", re.DOTALL)
_SPLITTERS: dict[str, tuple[Callable[[bytes], list[bytes]], tuple[bytes, ...]]] = {
    "utf-16-le": (_split_units(_LE), (b"\n\0",)),
    "utf-16-be": (_split_units(_BE), (b"\0\n",)),
}


def _encoding(path: Path) -> tuple[str, int]:
    """The encoding, and the length of the mark before the text: by that mark, else by trying."""
    with path.open("rb") as file:
        head = file.read(SAMPLE)
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return encoding, len(mark)
    return _utf16(head) or ("utf-8" if _is_utf8(path) else _code_page(head)), 0


def _utf16(head: bytes) -> str | None:
    """UTF-16 without a mark shows by the zeros of its ASCII characters, all on one side."""
    first, second = head[0::2].count(0), head[1::2].count(0)
    units = max(1, len(head) // 2)
    if second > units / 5 and first < units / 50:
        return "utf-16-le"
    if first > units / 5 and second < units / 50:
        return "utf-16-be"
    return None


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _code_page(head: bytes) -> str:
    """Western European is what is not UTF-8, but where much of the text is in no Latin letters: that is guessed."""
    letters = sum(byte > 127 or chr(byte).isalpha() for byte in head)
    if sum(byte > 127 for byte in head) * 5 > letters:
        import charset_normalizer  # here, because it takes long and starting must not

        guess = charset_normalizer.from_bytes(head, cp_isolation=list(_GUESSED)).best()
        if guess is not None:
            return _GUESSED[guess.encoding]
    return "cp1252"


_GUESSED = {name.replace("-", "_"): name for name in ENCODINGS if not name.startswith("utf")}


def _delimiter(path: Path, shape: Shape) -> str:
    """The delimiter that leaves addresses alone in their cells, and then the one that gives the most columns, the same
    number in all rows."""

    def fitness(delimiter: str) -> tuple[float, float]:
        sample = [row.cells for row in islice(rows(path, replace(shape, delimiter=delimiter)), 100) if row.cells]
        if not sample:
            return 0, 0
        (width, often), *_others = Counter(map(len, sample)).most_common(1)
        alone = sum(any(map(ADDRESS.fullmatch, cells)) for cells in sample)
        return alone / len(sample), width * often / len(sample) if width > 1 else 0

    return max(DELIMITERS, key=fitness)
