"""A paper that text is laid on: paragraphs, facts, quotations and the drawing of a form, in both directions of writing.

Everything is drawn as plain text. What a stranger typed cannot turn its surroundings, and a character that is not seen,
or that the fonts lack, stands there by its number.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # it brings no types
from fpdf import FPDF
from fpdf.enums import TextDirection

from leadcapture import i18n

FONTS = Path(__file__).parent / "fonts"
SANS, ARABIC, MONO = "NotoSans", "NotoSansArabic", "JetBrainsMono"

INK, SOFT, LINE, WELL = (20, 25, 29), (86, 97, 107), (176, 186, 194), (244, 246, 247)
MARGIN, LABELS = 20.0, 46.0  # millimetres
LEADING = 1.4  # the height of a line over the size of its letters
POINT = 0.3528  # millimetres
BOX = 120.0  # millimetres, the highest box
PAGES = "\ue000\ue000\ue000"  # stands for the number of pages; nothing that is shown can have it (see `shown`)


# They would log which letters a document has.
for chatty in ("fontTools", "fpdf"):
    logging.getLogger(chatty).setLevel(logging.ERROR)


class Paper(FPDF):
    """An A4 document in the language of the moment, as PDF/A-3 (ISO 19005-3): made to be kept, and to carry files."""

    def __init__(self, title: str, foot: str) -> None:
        super().__init__(format="A4", enforce_compliance="PDF/A-3B")
        self.rtl = i18n.direction(i18n.language()) == "rtl"
        self.set_title(title)
        self.set_lang(i18n.language())
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(True, MARGIN + 4)
        self.c_margin = 0
        self.str_alias_nb_pages = PAGES
        self.foot = foot
        self._known_widths: dict[tuple[str, float, str], float] = {}
        self._card_top: float | None = None  # where the frame of the open card begins on this page
        for family in (SANS, ARABIC):
            self.add_font(family, "", FONTS / f"{family}-Regular.ttf")
            self.add_font(family, "B", FONTS / f"{family}-SemiBold.ttf")
        self.add_font(MONO, "", FONTS / f"{MONO}-Regular.ttf")
        self.set_fallback_fonts([ARABIC, MONO], exact_match=False)
        self.x0, self.w0 = MARGIN, self.w - 2 * MARGIN  # where text stands, and how wide
        self.add_page()

    # ---- text ------------------------------------------------------------------------------------------------------

    def text_in(
        self,
        x: float,
        width: float,
        text: str,
        *,
        size: float = 10,
        bold: bool = False,
        soft: bool = False,
        mono: bool = False,
        typed: bool = False,
        rtl: bool | None = None,
        inset: float = 0,
    ) -> None:
        """Text in a column; what comes next stands under it. Of what was `typed` by somebody the first letter of a line
        decides which way it runs, as in HTML's dir=auto; else the document does. `rtl` says at which side lines begin;
        an `inset` in millimetres puts the text on a tinted ground."""
        high, inner = size * POINT * LEADING, width - 2 * inset
        self.set_text_color(*(SOFT if soft else INK))
        self.set_fill_color(*WELL)
        for line in shown(text, mono=mono).split("\n"):
            for part in self._begin_line(line, inner, size=size, bold=bold, mono=mono, typed=typed):
                if inset:
                    self.set_x(x)
                    self.cell(width, high, fill=True)
                self.set_x(x + inset)
                side = "R" if (self.rtl if rtl is None else rtl) else "L"
                self.cell(inner, high, part, align=side, new_x="LMARGIN", new_y="NEXT")

    def height_of(self, width: float, text: str, *, size: float = 10, bold: bool = False, mono: bool = False) -> float:
        """How high that text would stand, in millimetres."""
        lines = shown(text, mono=mono).split("\n")
        parts = [self._begin_line(line, width, size=size, bold=bold, mono=mono, typed=True) for line in lines]
        return sum(map(len, parts)) * size * POINT * LEADING

    def paragraph(self, text: str, *, gap: float = 2, **how: Any) -> None:
        """A paragraph over the whole width."""
        self.text_in(self.x0, self.w0, text, **how)
        self.ln(gap)

    def heading(self, text: str, *, level: int = 0, room: float = 40) -> None:
        """A heading, which is an entry of the document's outline too; it stands on a page that has `room` millimetres
        left."""
        self.room(room)
        if self.y > self.t_margin:
            self.ln(7 if level == 0 else 4)
        self.start_section(shown(text), level)
        self.text_in(self.x0, self.w0, text, size=15 if level == 0 else 11.5, bold=True)
        self.ln(2)

    def facts(self, rows: Sequence[tuple[str, str]], *, mono: bool = False) -> None:
        """Labels and what stands beside them; a row without a value is left out."""
        size, width = 8.0 if mono else 9.5, self.w0 - LABELS
        for label, value in rows:
            if not value:
                continue
            high = max(self.height_of(width, value, size=size, mono=mono), self.height_of(LABELS - 3, label, size=9))
            self.room(high)
            y = self.y
            label_x = self.x0 + self.w0 - LABELS + 3 if self.rtl else self.x0
            self.text_in(label_x, LABELS - 3, label, size=9, soft=True)
            self.y = y
            self.text_in(self.x0 if self.rtl else self.x0 + LABELS, width, value, size=size, mono=mono, typed=True)
            self.y = y + high + 1 if high < self.page_break_trigger - self.t_margin else self.y + 1
        self.ln(1)

    def quotation(self, text: str) -> None:
        """Somebody's exact words, with a bar beside them."""
        rtl = first_is_rtl(text)
        self.room(min(self.height_of(self.w0 - 10, text, size=10.5), 150))
        page, y = self.page, self.y
        self.text_in(self.x0 + 5, self.w0 - 10, text, size=10.5, typed=True, rtl=rtl)
        if self.page == page:
            self.set_fill_color(*LINE)
            self.rect(self.x0 + self.w0 - 0.8 if rtl else self.x0, y, 0.8, self.y - y, style="F")
        self.ln(2)

    def letter(self, text: str) -> None:
        """A text as it was sent, line by line, on a tinted ground."""
        self.text_in(self.x0, self.w0, f"\n{text.strip()}\n", size=8.5, typed=True, rtl=first_is_rtl(text), inset=4)
        self.ln(2)

    # ---- the drawing of a form -------------------------------------------------------------------------------------

    @contextmanager
    def card(self) -> Iterator[None]:
        """What is drawn inside stands in a frame, over as many pages as it needs."""
        self.room(50)
        self._card_top = self.y
        outer, self.x0, self.w0 = (self.x0, self.w0), self.x0 + 7, self.w0 - 14
        self.ln(6)
        yield
        self.ln(5)
        self._frame(self.y)
        self.x0, self.w0 = outer
        self._card_top = None
        self.ln(3)

    def _frame(self, bottom: float) -> None:
        if self._card_top is not None:
            self.set_draw_color(*LINE)
            self.rect(
                MARGIN,
                self._card_top,
                self.w - 2 * MARGIN,
                bottom - self._card_top,
                style="D",
                round_corners=True,
                corner_radius=2.5,
            )
            self._card_top = self.t_margin - 5

    def entry_height(self, value: str, lines: int = 1) -> float:
        """How high the box for that value is; of a value that fills a page, its beginning."""
        return min(max(self.height_of(self.w0 - 8, value), lines * 10 * POINT * LEADING) + 4, BOX)

    def entry(self, value: str, *, rtl: bool, lines: int = 1, arrow: bool = False) -> None:
        """A box to type in, with what was typed; more than a box can hold stands on a tinted ground, over pages."""
        high = self.entry_height(value, lines)
        self.room(high + 1)
        if high == BOX:
            self.text_in(self.x0, self.w0, value, typed=True, rtl=rtl, inset=4)
            self.ln(1)
            return
        y = self.y
        self.set_draw_color(*LINE)
        self.rect(self.x0, y, self.w0, high, style="D", round_corners=True, corner_radius=1.5)
        if arrow:
            x = self.x0 + 4 if rtl else self.x0 + self.w0 - 4
            self.set_fill_color(*SOFT)
            self.polygon(
                [(x - 1.5, y + high / 2 - 0.8), (x + 1.5, y + high / 2 - 0.8), (x, y + high / 2 + 1)], style="F"
            )
        self.y = y + 2
        self.text_in(self.x0 + 4, self.w0 - 8, value, typed=True, rtl=rtl)
        self.y = y + high + 1

    def choice(self, label: str, *, chosen: bool, rtl: bool, round_mark: bool = False) -> None:
        """A box or a circle, ticked or not, and its label."""
        self.room(self.height_of(self.w0 - 8, label) + 2)
        y, side = self.y, 3.6
        x = self.x0 + self.w0 - side if rtl else self.x0
        self.set_draw_color(*SOFT)
        self.set_fill_color(*INK)
        if round_mark:
            self.ellipse(x, y + 0.7, side, side, style="D")
            if chosen:
                self.ellipse(x + 0.9, y + 1.6, side - 1.8, side - 1.8, style="F")
        else:
            self.rect(x, y + 0.7, side, side, style="D", round_corners=True, corner_radius=0.6)
            if chosen:
                self.set_line_width(0.5)
                self.polyline([(x + 0.8, y + 2.6), (x + 1.5, y + 3.4), (x + 2.9, y + 1.6)])
                self.set_line_width(0.2)
        self.y = y
        self.text_in(self.x0 if rtl else self.x0 + 6.5, self.w0 - 6.5, label, typed=True, rtl=rtl)
        self.ln(1)

    def button(self, label: str, *, rtl: bool) -> None:
        """A button at the side where lines begin."""
        label = shown(label).replace("\n", " ")
        self._begin_line(label, self.w0, size=10, bold=True, typed=True)
        wide = min(self.get_string_width(label) + 14, self.w0)
        high = self.height_of(wide - 8, label, bold=True) + 5
        self.room(high + 2)
        x, y = self.x0 + self.w0 - wide if rtl else self.x0, self.y
        self.set_fill_color(*INK)
        self.rect(x, y, wide, high, style="F", round_corners=True, corner_radius=2)
        self.set_text_color(255, 255, 255)
        self.y = y + 2.5
        for part in self._begin_line(label, wide - 8, size=10, bold=True, typed=True):
            self.set_x(x + 4)
            self.cell(wide - 8, 10 * POINT * LEADING, part, align="C", new_x="LMARGIN", new_y="NEXT")
        self.y = y + high + 2

    # ---- the page --------------------------------------------------------------------------------------------------

    def room(self, millimetres: float) -> None:
        """Begin a new page if less than that is left of this one."""
        if self.y + millimetres > self.page_break_trigger and self.y > self.t_margin + 1:
            self.add_page()

    def footer(self) -> None:
        """The foot of each page; called by FPDF when a page is full, with the frame of a card that goes on."""
        self._frame(self.page_break_trigger + 3)
        self.set_draw_color(*LINE)
        self.line(MARGIN, self.h - 16, self.w - MARGIN, self.h - 16)
        number = 14.0  # millimetres
        self.y = self.h - 14
        self.text_in(
            MARGIN + number if self.rtl else MARGIN, self.w - 2 * MARGIN - number, self.foot, size=8, soft=True
        )
        self.set_xy(MARGIN if self.rtl else self.w - MARGIN - number, self.h - 14)
        self._begin_line("", number, size=8)
        self.cell(number, 8 * POINT * LEADING, f"{self.page} / {PAGES}", align="L" if self.rtl else "R")

    def _begin_line(
        self, line: str, width: float, *, size: float, bold: bool = False, mono: bool = False, typed: bool = False
    ) -> list[str]:
        """Take up the font for a line; the parts it falls into to fit that width."""
        # What was drawn last may have changed the font behind FPDF's back: it shall write down the font anew.
        self.font_family = ""
        self.set_font(MONO if mono else SANS, "B" if bold else "", size)
        # Letters are joined and turned where there is something to join or turn: it takes ten times as long.
        joined = any(unicodedata.bidirectional(char) in ("R", "AL", "AN") for char in line)
        if not joined:
            self.set_text_shaping(False)
            widths = _widths(MONO if mono else SANS, bold)
            return fitted(line, width / (size * POINT), lambda text: sum(widths[char] for char in text))
        rtl = first_is_rtl(line) if typed else self.rtl
        self.set_text_shaping(True, direction=TextDirection.RTL if rtl else TextDirection.LTR)
        return fitted(line, width, self._joined_width)

    def _joined_width(self, text: str) -> float:
        key = (self.font_style, self.font_size_pt, text)
        if key not in self._known_widths:
            self._known_widths[key] = self.get_string_width(text)
        return self._known_widths[key]


def fitted(line: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """The line in parts that are no wider than that, parted at blanks, and within a word that is too long for one."""
    parts, part, used = [], "", 0.0
    for token in re.findall(r" +|[^ ]+", line):
        wide = measure(token)
        if used + wide <= width:
            part, used = part + token, used + wide
            continue
        if token[0] == " ":
            continue  # the end of the line is the blank
        if part.strip():
            parts.append(part.rstrip())
            part, used = "", 0.0
        if wide <= width:
            part, used = token, wide
            continue
        for char in token:
            wide = measure(char)
            if part and used + wide > width:
                parts.append(part)
                part, used = "", 0.0
            part, used = part + char, used + wide
    return [*parts, part] if part or not parts else parts


def first_is_rtl(text: str) -> bool:
    """Whether the first letter that has a direction is written from right to left (UAX #9, P2 and P3)."""
    for char in text:
        direction = unicodedata.bidirectional(char)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


def shown(text: str, *, mono: bool = False) -> str:
    """The text with each character that no font has, or that nobody would see, written as its number: [U+202E]."""
    known = frozenset().union(*map(characters, (MONO,) if mono else (SANS, ARABIC, MONO)))
    lines = text.replace("\r\n", "\n").replace("\t", "    ")
    return "".join(
        char if char == "\n" or (char in known and _seen(char)) else f"[U+{ord(char):04X}]" for char in lines
    )


def _seen(char: str) -> bool:
    # The two joiners shape Persian words; all else that is not seen can only mislead.
    return char in "‌‍" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


@cache
def _widths(family: str, bold: bool) -> dict[str, float]:
    """How wide each character is at size 1, without joining."""
    found: dict[str, float] = {}
    for name in (family,) if family == MONO else (MONO, ARABIC, family):
        weight = "SemiBold" if bold and name != MONO else "Regular"
        with TTFont(FONTS / f"{name}-{weight}.ttf") as font:
            advances, units = font["hmtx"], font["head"].unitsPerEm
            found |= {chr(code): advances[glyph][0] / units for code, glyph in font.getBestCmap().items()}
    return found


@cache
def characters(family: str) -> frozenset[str]:
    with TTFont(FONTS / f"{family}-Regular.ttf") as font:
        return frozenset(map(chr, font.getBestCmap()))
