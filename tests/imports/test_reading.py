"""Tables as people have them: whatever was written is read back, row by row, from any row on, and nothing in a file
makes reading fail or take much memory."""

from __future__ import annotations

import csv
import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadcapture.imports import reading
from leadcapture.imports.reading import Shape

LATIN = st.characters(codec="cp1252", exclude_characters="\x81\x8d\x8f\x90\x9d")
ANYTHING = st.characters(exclude_categories=["Cs"])
WAYS = {
    "utf-8": ("utf-8", b"", ANYTHING),
    "utf-8 with a mark": ("utf-8", b"\xef\xbb\xbf", ANYTHING),
    "utf-16-le": ("utf-16-le", b"\xff\xfe", ANYTHING),
    "utf-16-be": ("utf-16-be", b"\xfe\xff", ANYTHING),
    "cp1252": ("cp1252", b"", LATIN),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[list[str]], str, bytes, Shape, str]:
    """A table, how it is encoded, its mark, its shape, its line end."""
    encoding, mark, letters = WAYS[draw(st.sampled_from(sorted(WAYS)))]
    # Line breaks, quotation marks and delimiters more often than chance would have it.
    cell = st.text(st.one_of(letters, st.sampled_from("\n\r\t\0;,|\"' ab@")), max_size=8)
    width = draw(st.integers(1, 4))
    written = draw(st.lists(st.lists(cell, min_size=width, max_size=width), max_size=6))
    delimiter = draw(st.sampled_from(reading.DELIMITERS))
    shape = Shape(encoding, delimiter, header=False, start=len(mark))
    return written, encoding, mark, shape, draw(st.sampled_from(["\r\n", "\n", "\r"]))


def encoded(written: list[list[str]], encoding: str, mark: bytes, shape: Shape, end: str) -> bytes:
    text = io.StringIO(newline="")
    # Where a line ends in CR alone the standard library leaves a lone LF unquoted, and the other way round: a program
    # that means such a cell quotes it.
    other = {"\r": "\n", "\n": "\r"}.get(end)
    unquoted = other is not None and any(other in cell for row in written for cell in row)
    quoting = csv.QUOTE_ALL if unquoted else csv.QUOTE_MINIMAL
    csv.writer(text, delimiter=shape.delimiter, lineterminator=end, quoting=quoting).writerows(written)
    return mark + text.getvalue().encode(encoding)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=tables())
def test_what_was_written_is_read_back_and_from_every_row_on(table, tmp_path: Path) -> None:
    path, (written, *_, shape, _end) = tmp_path / "table.csv", table
    path.write_bytes(encoded(*table))
    found = list(reading.rows(path, shape))
    assert [row.cells for row in found] == written
    assert [row.number for row in found] == list(range(1, len(written) + 1))
    for row in found:
        rest = list(reading.rows(path, shape, offset=row.end, number=row.number))
        assert rest == found[row.number :]
    assert not written or found[-1].end == path.stat().st_size


def test_rows_are_whole_where_the_blocks_that_are_read_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = [["a\r\nb", "né\u0a0d\u0d0a", str(n)] for n in range(30)]
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        shape = Shape(encoding, header=False)
        path = tmp_path / encoding
        path.write_bytes(encoded(written, encoding, b"", shape, "\r\n"))
        for chunk in (2, 4, 6, 14, 62):
            monkeypatch.setattr(reading, "CHUNK", chunk)
            assert [row.cells for row in reading.rows(path, shape)] == written


ROWS = [["E-mail", "Name"], ["a@example.org", "Zoë, and Ünal"], ["b@example.net", "two\nlines; or | three\tindeed"]]


@pytest.mark.parametrize("delimiter", reading.DELIMITERS)
@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", b"\xef\xbb\xbf"),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
        ("utf-16-le", b""),
        ("utf-16-be", b""),
        ("cp1252", b""),
    ],
)
def test_how_a_file_is_written_shows(tmp_path: Path, encoding: str, mark: bytes, delimiter: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(encoded(ROWS, encoding, mark, Shape(encoding, delimiter), "\r\n"))
    shape = reading.inspect(path)
    assert shape == Shape(encoding, delimiter, header=True, start=len(mark))
    assert reading.header(path, shape)[0] == ROWS[0]
    assert [row.cells for row in reading.table(path, shape)] == ROWS[1:]


def test_cyrillic_and_arabic_code_pages_are_told_from_western_ones(tmp_path: Path) -> None:
    names = {"cp1251": "Анна Каренина живёт в Москве", "cp1256": "مرحبا بكم في متجرنا الجديد للكتب"}
    for encoding, name in names.items():
        path = tmp_path / encoding
        path.write_bytes("".join(f"reader{n}@example.org;{name}\r\n" for n in range(50)).encode(encoding))
        assert next(reading.table(path, reading.inspect(path))).cells[1] == name


def test_a_file_without_header_and_of_one_column_is_all_rows(tmp_path: Path) -> None:
    path = tmp_path / "addresses.txt"
    path.write_bytes(b"a@example.org\nb@example.org\n\n\nc@example.org")
    shape = reading.inspect(path)
    assert not shape.header
    found = [(row.number, row.cells[0]) for row in reading.table(path, shape)]
    assert found == [(1, "a@example.org"), (2, "b@example.org"), (3, "c@example.org")]


def test_what_a_spreadsheet_writes_for_itself_is_no_row(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes("sep=;\r\nE-mail;Name\r\na@example.org;A\r\n".encode("utf-16"))
    shape = reading.inspect(path)
    assert (shape.delimiter, reading.header(path, shape)[0]) == (";", ["E-mail", "Name"])
    assert [row.cells for row in reading.table(path, shape)] == [["a@example.org", "A"]]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"\xff\xfe", b"sep=;\n", b"\0\0\0", b'"'])
def test_a_file_with_nothing_in_it_has_no_row_with_an_address(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "nothing.csv"
    path.write_bytes(content)
    assert not any("@" in cell for row in reading.table(path, reading.inspect(path)) for cell in row.cells)


def test_rows_may_have_fewer_or_more_cells(tmp_path: Path) -> None:
    path = tmp_path / "ragged.csv"
    path.write_bytes(b"email,name\na@example.org\nb@example.org,B,more,and more\n")
    assert [row.cells for row in reading.table(path, reading.inspect(path))] == [
        ["a@example.org"],
        ["b@example.org", "B", "more", "and more"],
    ]


def test_a_quotation_mark_that_nothing_closes_costs_its_own_row_alone(tmp_path: Path) -> None:
    path = tmp_path / "open.csv"
    lines = [f"person{n}@example.org,Name {n}\n" for n in range(50_000)]
    lines[7] = '"person7@example.org,Name 7\n'
    lines[20_000] = 'person20000@example.org,"He said "hello""\n'
    path.write_text("".join(lines))
    found = list(reading.rows(path, Shape("utf-8", header=False)))
    assert len(found) == 50_000
    assert found[8].cells == ["person8@example.org", "Name 8"]
    assert found[20_001].cells[0] == "person20001@example.org"


def test_a_line_of_100_megabytes_takes_little_memory_and_one_row(tmp_path: Path) -> None:
    path = tmp_path / "bomb.csv"
    with path.open("wb") as file:
        file.write(b"email\na@example.org\n")
        for _ in range(100):
            file.write(b"x" * 1_000_000)
        file.write(b"\nb@example.org\n" + b"," * 3_000_000 + b'\n"' + b"\n" * 100_000)
    tracemalloc.start()
    found = [row.cells[0] if row.cells else row.too_long for row in reading.table(path, Shape("utf-8"))]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found[:4] == ["a@example.org", True, "b@example.org", True]
    assert peak < 20_000_000
