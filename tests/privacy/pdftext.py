"""Reads the text and the attached files out of a PDF as fpdf2 writes them: just enough to say what stands on paper."""

from __future__ import annotations

import re
import zlib

OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
STREAM = re.compile(rb"stream\n(.*)\nendstream", re.DOTALL)
SHOWN = re.compile(rb"/(F\d+) [\d.]+ Tf|\(((?:\\.|[^\\()])*)\) Tj|(ET)", re.DOTALL)


def objects(pdf: bytes) -> dict[int, bytes]:
    return {int(number): body for number, body in OBJECT.findall(pdf)}


def stream(body: bytes) -> bytes:
    found = STREAM.search(body)
    assert found
    return zlib.decompress(found[1]) if b"/FlateDecode" in body[: found.start()] else found[1]


def text(pdf: bytes) -> str:
    """What each drawn piece of text says, a line each, as its letters stand from left to right; the dots of Arabic
    letters, which are drawn apart from them, are left out."""
    known = objects(pdf)
    fonts: dict[bytes, dict[int, str]] = {}
    for body in known.values():
        for name, number in re.findall(rb"/(F\d+) (\d+) 0 R", body) if body.startswith(b"<<\n/Font") else []:
            fonts[name] = glyphs(pdf, known[int(number)])
    lines: list[str] = []
    for body in known.values():
        if b"stream\n" not in body or b"/Type" in body.partition(b"stream\n")[0]:
            continue
        line, font = "", b""
        for name, string, end in SHOWN.findall(stream(body)):
            if name:
                font = name
            elif end:
                lines, line = [*lines, line], ""
            else:
                codes = unescaped(string).decode("utf-16-be", "surrogatepass")
                line += "".join(fonts[font].get(ord(code), "") for code in codes)
    return "\n".join(lines)


def glyphs(pdf: bytes, font: bytes) -> dict[int, str]:
    """What each glyph of the font stands for, by its ToUnicode map."""
    number = re.search(rb"/ToUnicode (\d+) 0 R", font)
    assert number
    pairs = re.findall(rb"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]+)>\n", stream(objects(pdf)[int(number[1])]))
    return {int(code, 16): bytes.fromhex(said.decode()).decode("utf-16-be") for code, said in pairs}


def unescaped(string: bytes) -> bytes:
    plain = {b"n": b"\n", b"r": b"\r"}
    return re.sub(rb"\\(.)", lambda found: plain.get(found[1], found[1]), string, flags=re.DOTALL)


def attached(pdf: bytes) -> dict[str, bytes]:
    """The files that go with it."""
    known = objects(pdf)
    found = {}
    for body in known.values():
        name, number = re.search(rb"/F \(([^)]*)\)", body), re.search(rb"/EF <<[^>]*?/F (\d+) 0 R", body, re.DOTALL)
        if name and number:
            found[name[1].decode()] = stream(known[int(number[1])])
    return found
