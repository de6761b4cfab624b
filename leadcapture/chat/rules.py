"""Pure decisions about conversations: how their status moves, when one is over, what may stand in a message."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from leadcapture.errors import Conflict, Invalid
from leadcapture.i18n import gettext as _

WAITING, ACTIVE, UNANSWERED, CLOSED = STATUSES = ("waiting", "active", "unanswered", "closed")
OPEN = (WAITING, ACTIVE, UNANSWERED)

LONGEST_MESSAGE = 4000  # characters
LONGEST_COMMENT = 1000
LONGEST_SUBJECT = 200
OVER_AFTER = timedelta(days=7)  # a closed conversation this quiet is over: the next message begins a new one
# Control characters (Cc of Unicode) but for the line break and the tab, and halves of characters (Cs).
_CONTROL = re.compile("[\\0-\\x08\\x0b-\\x1f\\x7f-\\x9f\\ud800-\\udfff]")
# An operator who said something so recently is still in the talk, however long the visitor waits for the next sentence.
TALKING = timedelta(minutes=10)


class Taken(Conflict):
    """Another operator was faster; `by` is that person's name."""

    code = "taken"

    def __init__(self, by: str) -> None:
        super().__init__(_("%(name)s has taken this conversation.", name=by))
        self.by = by


def is_over(status: str, active_at: datetime, now: datetime) -> bool:
    """Whether the next message of the visitor begins a new conversation."""
    return status == CLOSED and active_at < now - OVER_AFTER


def after_visitor_message(status: str, *, available: bool) -> str:
    """The status a visitor's message leads to: closed ones open again, unanswered ones where somebody can answer."""
    if status == CLOSED:
        return WAITING
    if status == UNANSWERED and available:
        return WAITING
    return status


def check_reply(status: str) -> None:
    """Raises Conflict when an operator may not answer: a closed conversation is taken first, which opens it again."""
    if status == CLOSED:
        raise Conflict(_("This conversation is closed. Take it to open it again."), code="closed")


def clean_text(text: str) -> str:
    """The text without control characters, but with its line breaks and tabs, and without blank ends."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", text).strip()


def clean_body(text: str) -> str:
    """A message's text as it is stored. Raises Invalid: bad_request when nothing is left, or too_long."""
    # A text far beyond the limit is not even cleaned: that would be work for whoever wants us to be slow.
    cleaned = clean_text(text) if len(text) <= 4 * LONGEST_MESSAGE else text
    if not cleaned:
        raise Invalid(_("Write something first."), code="bad_request")
    if len(cleaned) > LONGEST_MESSAGE:
        raise Invalid(_("A message has at most %(count)d characters.", count=LONGEST_MESSAGE), code="too_long")
    return cleaned


def clean_line(text: str, longest: int) -> str:
    """One line of text, cut to `longest` characters."""
    return " ".join(clean_text(text[: longest * 4]).split())[:longest]
