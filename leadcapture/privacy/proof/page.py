"""A paper that text is laid on: paragraphs, facts, quotations and the drawing of a form, in both directions of writing.

Everything is drawn as plain text. What a stranger typed cannot turn its surroundings, and a character that is not seen,
or that the fonts lack, stands there by its number.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import TextDirection

from leadcapture import i18n

FONTS = Path(__file__).parent / "fonts"
SANS, ARABIC, MONO = "NotoSans", "NotoSansArabic", "JetBrainsMono"

INK, SOFT, LINE, WELL = (20, 25, 29), (86, 97, 107), (176, 186, 194), (244, 246, 247)
MARGIN, LABELS = 20.0, 46.0  # millimetres
LEADING = 1.4  # the height of a line over the size of its letters
POINT = 0.3528  # millimetres


class Paper(FPDF):
    """An A4 document in the language of the moment, as PDF/A-3 (ISO 19005-3): made to be kept, and to carry files."""

    def __init__(self, title: str) -> None:
        super().__init__(format="A4", enforce_compliance="PDF/A-3U")
        self.rtl = i18n.direction(i18n.language()) == "rtl"
        self.set_title(title)
        self.set_lang(i18n.language())
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(True, MARGIN + 4)
        self.c_margin = 0
        self.str_alias_nb_pages = ""  # else whoever is called {nb} would become a number
        for family in (SANS, ARABIC):
            self.add_font(family, "", FONTS / f"{family}-Regular.ttf")
            self.add_font(family, "B", FONTS / f"{family}-SemiBold.ttf")
        self.add_font(MONO, "", FONTS / f"{MONO}-Regular.ttf")
        self.set_fallback_fonts([ARABIC], exact_match=False)
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
        rtl: bool | None = None,
        fill: bool = False,
    ) -> None:
        """Text in a column; the next line stands under it. `rtl` says at which side lines begin, else the document
        does; within a line the first letter decides, as in HTML's dir=auto."""
        self.set_font(MONO if mono else SANS, "B" if bold else "", size)
        self.set_text_color(*(SOFT if soft else INK))
        text = shown(text, mono=mono)
        for line in text.split("\n"):
            self._direct(line)
            at_right = self.rtl if rtl is None else rtl
            self.set_x(x)
            self.multi_cell(
                width,
                size * POINT * LEADING,
                line,
                align="R" if at_right else "L",
                fill=fill,
                new_x="LMARGIN",
                new_y="NEXT",
                wrapmode="CHAR" if mono else "WORD",
            )

    def height_of(self, width: float, text: str, *, size: float = 10, bold: bool = False) -> float:
        """How high that text would stand, in millimetres."""
        self.set_font(SANS, "B" if bold else "", size)
        total = 0.0
        for line in shown(text).split("\n"):
            self._direct(line)
            total += self.multi_cell(width, size * POINT * LEADING, line or " ", dry_run=True, output="HEIGHT")  # type: ignore[operator]
        return total

    def paragraph(self, text: str, *, gap: float = 2, **how: Any) -> None:
        """A paragraph over the whole width."""
        self.text_in(self.x0, self.w0, text, **how)
        self.ln(gap)

    def heading(self, text: str, *, level: int = 0) -> None:
        """A heading, which is an entry of the document's outline too; it never stands alone at the foot of a page."""
        self.room(36 if level == 0 else 26)
        self.ln(7 if level == 0 else 4)
        self.start_section(shown(text), level)
        self.text_in(self.x0, self.w0, text, size=15 if level == 0 else 11.5, bold=True)
        self.ln(2)

    def facts(self, rows: Sequence[tuple[str, str]], *, mono: bool = False) -> None:
        """Labels and what stands beside them; a row without a value is left out."""
        for label, value in rows:
            if not value:
                continue
            self.room(12)
            page, y = self.page, self.y
            label_x = self.x0 + self.w0 - LABELS if self.rtl else self.x0
            value_x = self.x0 if self.rtl else self.x0 + LABELS
            self.text_in(label_x, LABELS - 3, label, size=9, soft=True)
            end = self.y
            self.page, self.y = page, y
            self.text_in(value_x, self.w0 - LABELS, value, size=8 if mono else 9.5, mono=mono)
            self.y = max(self.y, end) if self.page == page else self.y
            self.ln(1)

    def quotation(self, text: str, rtl: bool | None = None) -> None:
        """Somebody's exact words, with a bar beside them."""
        self.room(12)
        page, y = self.page, self.y
        self.text_in(self.x0 + 5, self.w0 - 10, text, size=10.5, rtl=first_is_rtl(text) if rtl is None else rtl)
        if self.page == page:
            self.set_fill_color(*LINE)
            at_right = first_is_rtl(text) if rtl is None else rtl
            self.rect(self.x0 + self.w0 - 0.8 if at_right else self.x0, y, 0.8, self.y - y, style="F")
        self.ln(2)

    def letter(self, text: str) -> None:
        """A text as it was sent, line by line, on a tinted ground."""
        self.set_fill_color(*WELL)
        rtl = first_is_rtl(text)
        for line in text.split("\n"):
            self.set_fill_color(*WELL)
            self.text_in(self.x0, self.w0, line or " ", size=8.5, rtl=rtl, fill=True)
        self.ln(2)

    # ---- the drawing of a form -------------------------------------------------------------------------------------

    @contextmanager
    def card(self) -> Iterator[None]:
        """What is drawn inside stands in a frame, over as many pages as it needs."""
        self.room(50)
        page, top = self.page, self.y
        outer, self.x0, self.w0 = (self.x0, self.w0), self.x0 + 7, self.w0 - 14
        self.ln(6)
        yield
        self.ln(5)
        last, bottom = self.page, self.y
        self.x0, self.w0 = outer
        self.set_draw_color(*LINE)
        for number in range(page, last + 1):
            self.page = number
            upper = top if number == page else self.t_margin - 3
            lower = bottom if number == last else self.page_break_trigger + 3
            self.rect(self.x0, upper, self.w0, lower - upper, style="D", round_corners=True, corner_radius=2.5)
        self.page, self.y = last, bottom
        self.ln(3)

    def entry(self, value: str, *, rtl: bool, lines: int = 1, arrow: bool = False) -> None:
        """A box to type in, with what was typed."""
        inside = max(self.height_of(self.w0 - 8, value), lines * 10 * POINT * LEADING)
        self.room(inside + 5)
        y, high = self.y, inside + 4
        self.set_draw_color(*LINE)
        self.rect(self.x0, y, self.w0, high, style="D", round_corners=True, corner_radius=1.5)
        if arrow:
            x = self.x0 + 4 if rtl else self.x0 + self.w0 - 4
            self.set_fill_color(*SOFT)
            self.polygon(
                [(x - 1.5, y + high / 2 - 0.8), (x + 1.5, y + high / 2 - 0.8), (x, y + high / 2 + 1)], style="F"
            )
        self.y = y + 2
        self.text_in(self.x0 + 4, self.w0 - 8, value, rtl=rtl)
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
        self.text_in(self.x0 if rtl else self.x0 + 6.5, self.w0 - 6.5, label, rtl=rtl)
        self.ln(1)

    def button(self, label: str, *, rtl: bool) -> None:
        """A button at the side where lines begin."""
        self.set_font(SANS, "B", 10)
        wide = min(self.get_string_width(shown(label)) + 14, self.w0)
        high = self.height_of(wide - 8, label, bold=True) + 5
        self.room(high + 2)
        x, y = self.x0 + self.w0 - wide if rtl else self.x0, self.y
        self.set_fill_color(*INK)
        self.rect(x, y, wide, high, style="F", round_corners=True, corner_radius=2)
        self.set_text_color(255, 255, 255)
        self._direct(shown(label))
        self.set_xy(x + 4, y + 2.5)
        self.multi_cell(wide - 8, 10 * POINT * LEADING, shown(label), align="C", new_x="LMARGIN", new_y="NEXT")
        self.y = y + high + 2

    # ---- the page --------------------------------------------------------------------------------------------------

    def room(self, millimetres: float) -> None:
        """Begin a new page if less than that is left of this one."""
        if self.y + millimetres > self.page_break_trigger and self.y > self.t_margin + 1:
            self.add_page()

    def number_pages(self, foot: str, count: Any) -> None:
        """Write a foot on every page; `count(page, pages)` is what it says of its number."""
        pages = self.page
        self.set_auto_page_break(False)
        for number in range(1, pages + 1):
            self.page = number
            self.set_draw_color(*LINE)
            self.line(MARGIN, self.h - 16, self.w - MARGIN, self.h - 16)
            for text, at_right in ((foot, self.rtl), (count(number, pages), not self.rtl)):
                self.y = self.h - 14
                half = self.w0 / 4 if text != foot else self.w0 * 3 / 4
                x = MARGIN + self.w0 - half if at_right else MARGIN
                self.text_in(x, half, text, size=8, soft=True, rtl=at_right)
        self.page = pages

    def _direct(self, line: str) -> None:
        # Letters are joined and turned where there is something to join or turn: it takes ten times as long.
        if any(unicodedata.bidirectional(char) in ("R", "AL", "AN") for char in line):
            self.set_text_shaping(True, direction=TextDirection.RTL if first_is_rtl(line) else TextDirection.LTR)
        else:
            self.set_text_shaping(False)


def first_is_rtl(text: str) -> bool:
    """Whether the first letter that has a direction is written from right to left (UAX #9, P2 and P3)."""
    for char in text:
        direction = unicodedata.bidirectional(char)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


def shown(text: str, *, mono: bool = False) -> str:
    """The text with each character that no font has, or that nobody would see, written as its number: [U+202E]."""
    known = _characters(MONO) if mono else _characters(SANS) | _characters(ARABIC)
    lines = text.replace("\r\n", "\n").replace("\t", "    ")
    return "".join(
        char if char == "\n" or (char in known and _seen(char)) else f"[U+{ord(char):04X}]" for char in lines
    )


def _seen(char: str) -> bool:
    # The two joiners shape Persian words; all else that is not seen can only mislead.
    return char in "‌‍" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


@cache
def _characters(family: str) -> frozenset[str]:
    with TTFont(FONTS / f"{family}-Regular.ttf") as font:
        return frozenset(map(chr, font.getBestCmap()))
