"""Where and when a form shows itself on the pages of its site.

Kept with the form as plain values (`placement_of`), told to the loader in as few bytes as possible (`public`), and
decided on in the browser by widget/src/placement, which keeps to the same rule of patterns (`matches`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from wtforms import BooleanField, Form, IntegerField, RadioField, TextAreaField
from wtforms.validators import InputRequired, NumberRange, Optional, ValidationError

from leadcapture.forms.fields import LocalDateTimeField, Meta, moment_of
from leadcapture.forms.rules import clean_text
from leadcapture.i18n import gettext as _
from leadcapture.i18n import lazy_gettext

EVERY_DAYS, MOST = 7, 3  # what an owner gets who says nothing about how often
PATTERNS_LENGTH = 800  # characters of all patterns of a form: they travel to every page of the site
# A page may stay open for long: what begins within a day is told already, with its beginning.
AHEAD = timedelta(days=1)

NOTHING: Mapping[str, Any] = {
    "menu": False,
    "where": "none",
    "delay": None,
    "scroll": None,
    "exit": False,
    "after_chat": False,
    "visits": None,
    "urls": [],
    "not_urls": [],
    "every_days": EVERY_DAYS,
    "most": MOST,
    "starts": None,
    "ends": None,
}


# ---- the rule of patterns


def matches(pattern: str, page: str) -> bool:
    """Whether a page belongs to a pattern. `page` is its path with its query as a browser says it ("/shop/?p=2").

    In a pattern `*` stands for any run of characters, also for none; everything else stands for itself, letters in
    their case. A pattern with a `?` is held against path and query, one without against the path alone.
    """
    first, *rest = normal(pattern).split("*")
    subject = _upper_escapes(page if "?" in pattern else page.partition("?")[0])
    if not rest:
        return subject == first
    *middle, last = rest
    at, end = len(first), len(subject) - len(last)
    if at > end or not subject.startswith(first) or not subject.endswith(last):
        return False
    # Taking each piece at the first place it fits leaves most room for the others: no way back is ever needed.
    for piece in middle:
        found = subject.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def normal(pattern: str) -> str:
    """The pattern as a browser writes addresses: letters beyond ASCII as percent escapes (WHATWG URL, 4.4)."""
    return _upper_escapes(quote(unicodedata.normalize("NFC", pattern), safe="!#$%&'()*+,-./:;=?@[\\]^_{|}~"))


def _upper_escapes(text: str) -> str:
    return re.sub(r"%[0-9a-f]{2}", lambda escape: escape[0].upper(), text, flags=re.IGNORECASE)


def patterns_of(text: str) -> list[str]:
    """The patterns that an owner wrote, one a line, each once; of a whole address its path and query are taken."""
    lines = (re.sub(r"^https?://[^/?#]*(?=[/?#]|$)", "", line.strip()) for line in text.splitlines())
    return list(dict.fromkeys(line.partition("#")[0] for line in lines if line.partition("#")[0]))


# ---- what an owner sets


class PatternsField(TextAreaField):
    """Patterns of pages, one a line; `data` is the list of them."""

    data: Any

    def process_data(self, value: Sequence[str] | None) -> None:
        self.data = list(value or [])

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist:
            self.data = patterns_of(clean_text(valuelist[0]))

    def _value(self) -> str:
        return "\n".join(self.data or [])

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002 the signature is WTForms's
        for pattern in self.data or []:
            if not pattern.startswith(("/", "*")):
                raise ValidationError(_("%(pattern)s must begin with a slash, like /shop/*.", pattern=pattern[:80]))
        if sum(map(len, self.data or [])) > PATTERNS_LENGTH:
            raise ValidationError(_("This is too much. Use * to name many pages by one line."))


class KeptDateTimeField(LocalDateTimeField):
    """A day and time on the clocks of the site's zone, filled from the text it is kept as."""

    def process_data(self, value: str | datetime | None) -> None:
        super().process_data(datetime.fromisoformat(value) if isinstance(value, str) and value else value or None)


class MomentsForm(Form):
    """When, where, to whom and how often something shows itself on pages; what an owner sets of it."""

    Meta: ClassVar[Any] = Meta

    delay = IntegerField(
        lazy_gettext("After so many seconds on the page"),
        [Optional(), NumberRange(0, 3600)],
        description=lazy_gettext("Of the moments set here, the first that comes shows it. 0 is at once."),
    )
    scroll = IntegerField(
        lazy_gettext("After scrolling so far down (percent)"),
        [Optional(), NumberRange(1, 100)],
    )
    exit = BooleanField(
        lazy_gettext("When somebody is about to leave"),
        description=lazy_gettext(
            "The mouse leaves the page at its top; on a touch screen, a quick scroll back up. A guess, not a certainty."
        ),
    )
    after_chat = BooleanField(lazy_gettext("After a chat has ended"))
    visits = IntegerField(
        lazy_gettext("Only from this visit on"),
        [Optional(), NumberRange(1, 100)],
        description=lazy_gettext(
            "2 leaves first-time visitors alone. Counting visits keeps a number in the visitor's browser before any "
            "click: say so in your privacy policy."
        ),
    )
    urls = PatternsField(
        lazy_gettext("Only on these pages"),
        description=lazy_gettext("One a line, like /shop/*. The star stands for anything. Empty means every page."),
        render_kw={"rows": 3, "dir": "ltr", "spellcheck": "false"},
    )
    not_urls = PatternsField(
        lazy_gettext("Never on these pages"),
        description=lazy_gettext("One a line, like /checkout*."),
        render_kw={"rows": 3, "dir": "ltr", "spellcheck": "false"},
    )
    every_days = IntegerField(
        lazy_gettext("Days until it shows itself to the same person again"),
        [Optional(), NumberRange(0, 365)],
        default=EVERY_DAYS,
        description=lazy_gettext(
            "Counted from when the person closed or opened it. Who sent it is never shown it again."
        ),
    )
    most = IntegerField(
        lazy_gettext("At most so many times to the same person"), [Optional(), NumberRange(1, 100)], default=MOST
    )


class PlacementForm(MomentsForm):
    """What an owner sets about where and when a form shows itself; `data` may be what was kept."""

    menu = BooleanField(
        lazy_gettext("Offer it in the chat"),
        description=lazy_gettext("A button under the greeting; once something was said, in the menu."),
    )
    where = RadioField(
        lazy_gettext("Show it on pages by itself"),
        [InputRequired()],
        choices=[
            ("none", lazy_gettext("No")),
            ("popup", lazy_gettext("Pop-up: in the middle, over the page")),
            ("slide", lazy_gettext("Slide-in: a card in the corner, beside the page")),
            ("bar", lazy_gettext("Bar: one line along the bottom")),
        ],
        default="none",
    )
    starts = KeptDateTimeField(
        lazy_gettext("Not before"), [Optional()], description=lazy_gettext("By the clocks of the site's time zone.")
    )
    ends = KeptDateTimeField(lazy_gettext("Not after"), [Optional()])

    def validate(self, extra_validators: Any = None) -> bool:
        valid = super().validate(extra_validators)
        if valid:
            for field, sentence in self._contradictions():
                field.errors = [*field.errors, sentence]
                valid = False
        return valid

    def _contradictions(self) -> list[tuple[Any, str]]:
        found: list[tuple[Any, str]] = []
        moments = (self.delay.data is not None, self.scroll.data is not None, self.exit.data, self.after_chat.data)
        if self.where.data in ("popup", "slide") and not any(moments):
            found.append((self.delay, _("Say when it shows itself: set at least one moment.")))
        if self.starts.data and self.ends.data and self.ends.data <= self.starts.data:
            found.append((self.ends, _("The end must be later than the beginning.")))
        for page in self.urls.data or []:
            if "*" not in page and any(matches(pattern, page) for pattern in self.not_urls.data or []):
                found.append((self.not_urls, _("This leaves out %(page)s, which you named above.", page=page)))
        return found


def placement_of(form: PlacementForm) -> dict[str, Any]:
    """What a valid form says, as it is kept."""
    data = form.data
    return {
        **{name: data[name] for name in NOTHING},
        "every_days": EVERY_DAYS if data["every_days"] is None else data["every_days"],
        "most": MOST if data["most"] is None else data["most"],
        "starts": _kept(data["starts"]),
        "ends": _kept(data["ends"]),
    }


def _kept(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M") if moment else None


# ---- what the browser is told


def public(placement: Mapping[str, Any] | None, now: datetime, timezone: str) -> dict[str, Any] | None:
    """What the loader is told of a kept placement, without what is not set; None when the form does not show itself
    by itself, not any more, or not within the next day.

    `starts` and `ends` are moments in UTC; patterns are in `normal` form.
    """
    kept = {**NOTHING, **(placement or {})}
    if kept["where"] == "none":
        return None
    starts, ends = (moment_of(kept[name], timezone) if kept[name] else None for name in ("starts", "ends"))
    if (ends and ends <= now) or (starts and starts > now + AHEAD):
        return None
    moments = {name: kept[name] for name in ("delay", "scroll", "exit", "after_chat")}
    told = {
        "where": kept["where"],
        **{name: value for name, value in moments.items() if value is not None and value is not False},
        "visits": kept["visits"] if (kept["visits"] or 0) > 1 else None,
        "urls": [normal(pattern) for pattern in kept["urls"]],
        "not_urls": [normal(pattern) for pattern in kept["not_urls"]],
        "starts": starts.isoformat().replace("+00:00", "Z") if starts and starts > now else None,
        "ends": ends.isoformat().replace("+00:00", "Z") if ends else None,
    }
    often = {name: kept[name] for name in ("every_days", "most") if kept[name] != NOTHING[name]}
    return {name: value for name, value in told.items() if value not in (None, [])} | often


def offered(placement: Mapping[str, Any] | None) -> bool:
    """Whether the form is offered in the chat's menu."""
    return bool(placement and placement.get("menu"))
