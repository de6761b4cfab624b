"""The report of an import: CSV (RFC 4180, UTF-8) with one line for each row of the imported file, in its order."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Sequence

from leadcapture import i18n, uploads
from leadcapture.contacts.rules import csv_cell
from leadcapture.imports.rules import Verdict
from leadcapture.imports.wording import reason_words

HEADER = b"row,address,outcome,reason\r\n"


def begin() -> str:
    """Make a report with no line yet; returns the name by which `uploads` keeps it."""
    with uploads.received(io.BytesIO(HEADER)) as path:
        return uploads.keep(path)


def write(name: str, at: int, verdicts: Sequence[Verdict], language: str) -> int:
    """Write the lines of these rows at that byte and let nothing stand behind them; returns where the next begin.

    They are on the disk when this comes back. What a worker wrote whose transaction never was committed stands behind
    that byte, so nothing is there twice.
    """
    with i18n.speaking(language):
        lines = _lines(verdicts).encode()
    with uploads.path_of(name).open("r+b") as file:
        file.seek(at)
        file.truncate()
        file.write(lines)
        file.flush()
        os.fsync(file.fileno())
    return at + len(lines)


def read(name: str, size: int) -> Iterator[bytes]:
    """The report as far as it is committed, in pieces."""
    with uploads.path_of(name).open("rb") as file:
        while size > 0 and (piece := file.read(min(size, uploads.CHUNK))):
            size -= len(piece)
            yield piece


def _lines(verdicts: Sequence[Verdict]) -> str:
    words: dict[tuple[str, ...], str] = {}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for row, outcome, reasons, *_rest in verdicts:
        if reasons not in words:
            words[reasons] = " ".join(map(reason_words, reasons))
        writer.writerow((row.row, csv_cell(row.typed), outcome, words[reasons]))
    return text.getvalue()
