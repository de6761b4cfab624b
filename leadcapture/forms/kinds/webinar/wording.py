"""What visitors and registrants of a webinar read: the form's own words, and what a person is told about a seat."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from leadcapture.forms.fields import words
from leadcapture.forms.kinds.webinar import rules
from leadcapture.forms.kinds.webinar.models import WebinarSession
from leadcapture.forms.kinds.webinar.queries import Held
from leadcapture.forms.models import Form
from leadcapture.forms.outcome import Outcome
from leadcapture.i18n import gettext as _
from leadcapture.i18n import language, lazy_gettext

TEXTS = {
    "title": lazy_gettext("Join our webinar"),
    "intro": lazy_gettext("Choose a session. After you have confirmed your address you get the way in by e-mail."),
    "button": lazy_gettext("Save my seat"),
    "notice": lazy_gettext(
        "By registering you agree that %(site)s uses your details to hold this webinar and writes to you about it."
    ),
}


def title_of(form: Form, meeting: WebinarSession) -> str:
    """What the session is called in the language of the moment: by its own title, else by the form's."""
    own = form.settings.get("texts", {}).get(language(), {}).get("title")
    return words(meeting.titles) or own or str(TEXTS["title"])


def choice(form: Form, meeting: WebinarSession, *, full: bool) -> str:
    """A session as visitors choose it."""
    said = f"{title_of(form, meeting)} · {rules.when(meeting.starts_at, meeting.timezone)}"
    return _("%(session)s · waiting list", session=said) if full else said


def facts(meeting: WebinarSession) -> list[tuple[str, str]]:
    """When a session is and how long it lasts, as labels and values."""
    return [
        (_("Day"), rules.day(meeting.starts_at, meeting.timezone)),
        (_("Begins"), rules.hour(meeting.starts_at, meeting.timezone)),
        (_("Length"), rules.length(meeting.minutes)),
    ]


def registered(held: Held, page_url: str, waiting_before: int) -> Outcome:
    """What somebody reads who has just got a seat, or a place on the waiting list."""
    if held.seat.status == "seated":
        return _seated(held, page_url, _("Your seat is saved"))
    return Outcome(
        title=_("You are on the waiting list"),
        text=_(
            "“%(title)s” is full. You are number %(number)d in line: as soon as a seat is free it is yours, and we "
            "tell you by e-mail.",
            title=title_of(held.form, held.meeting),
            number=waiting_before + 1,
        ),
        rows=facts(held.meeting),
        links=[(_("Your place in line"), page_url)],
    )


def too_late(site_name: str) -> Outcome:
    """What somebody reads who confirms when the session has begun or was cancelled."""
    return Outcome(
        title=_("Your address is confirmed"),
        text=_(
            "But the session you chose takes nobody any more. Look whether %(site)s offers another one.",
            site=site_name,
        ),
    )


def notice(held: Held, what: str, page_url: str) -> Outcome:
    """What a registrant is told when something has changed: `what` is the notice on the seat."""
    title, seated = title_of(held.form, held.meeting), held.seat.status == "seated"
    if what == "seated" or (what in ("moved", "restored") and seated and held.seat.sequence == 0):
        return _seated(held, page_url, _("A seat is free: it is yours"))
    if what == "moved":
        text = _("“%(title)s” takes place at another time than planned.", title=title)
        return _standing(held, page_url, _("The session was moved"), text)
    if what == "restored":
        text = _("“%(title)s” had been cancelled. Now it takes place after all.", title=title)
        return _standing(held, page_url, _("The session takes place"), text)
    if what == "cancelled":
        text = _("%(site)s had to cancel “%(title)s”. We are sorry.", site=held.site.name, title=title)
        return Outcome(title=_("The session is cancelled"), text=text, rows=facts(held.meeting))
    if what == "removed":
        text = _(
            "%(site)s has taken you off the list of “%(title)s”. Answer this mail if you think that this is a mistake.",
            site=held.site.name,
            title=title,
        )
        return Outcome(title=_("You are no longer registered"), text=text, rows=facts(held.meeting))
    text = _("You have given up your seat in “%(title)s”. The next in line gets it.", title=title)
    return Outcome(title=_("Your seat is given up"), text=text, rows=facts(held.meeting))


def reminder(held: Held, minutes: int, page_url: str) -> Outcome:
    """The reminder so many minutes before the start."""
    soon = {
        1440: _("Your session begins in 24 hours"),
        60: _("Your session begins in one hour"),
        10: _("Your session begins in ten minutes"),
    }[minutes]
    return _standing(held, page_url, soon, title_of(held.form, held.meeting))


def why(held: Held) -> str:
    """Why somebody gets a mail about a seat, for its foot."""
    return _(
        "You get this mail because you registered for “%(title)s” on %(site)s.",
        title=title_of(held.form, held.meeting),
        site=held.site.name,
    )


def state(held: Held, now: datetime, waiting_before: int) -> dict[str, Any]:
    """What the page of a seat says: a title, a text, and which of it is offered (`leave`, `again`)."""
    meeting, seat = held.meeting, held.seat
    if seat.status not in rules.ACTIVE:
        text = _("If you want to come after all, register again.")
        return {"title": _("You have no seat in this session"), "text": text, "again": True}
    if meeting.cancelled:
        text = _("%(site)s had to cancel it. We are sorry.", site=held.site.name)
        return {"title": _("The session is cancelled"), "text": text, "again": True}
    stage = rules.phase(meeting.starts_at, meeting.minutes, now)
    if stage == "over":
        return {"title": _("The session is over"), "text": "", "again": True}
    if seat.status == "waiting":
        text = _(
            "You are number %(number)d in line. As soon as a seat is free it is yours, and we tell you by e-mail.",
            number=waiting_before + 1,
        )
        return {"title": _("You are on the waiting list"), "text": text, "leave": stage == "early"}
    if stage == "open":
        text = _("%(site)s has not opened the room yet. Load this page again in a moment.", site=held.site.name)
        return {"title": _("Just a moment"), "text": text}
    text = _("This page leads you into the room from 15 minutes before the session begins. Come back then.")
    return {"title": _("Your seat is saved"), "text": text, "leave": True}


def _seated(held: Held, page_url: str, title: str) -> Outcome:
    return Outcome(
        title=title,
        text=_("You take part in “%(title)s”.", title=title_of(held.form, held.meeting)),
        rows=facts(held.meeting),
        links=[(_("Go to the session"), page_url)],
        note=_(
            "The link leads into the room from 15 minutes before the session begins. It is yours alone. "
            "If you cannot come, give your seat back there: somebody else may be waiting for it."
        ),
    )


def _standing(held: Held, page_url: str, title: str, text: str) -> Outcome:
    label = _("Go to the session") if held.seat.status == "seated" else _("Your place in line")
    return Outcome(title=title, text=text, rows=facts(held.meeting), links=[(label, page_url)], note=_place(held))


def _place(held: Held) -> str:
    if held.seat.status == "waiting":
        return _("You are still on the waiting list.")
    return _("If you cannot come, give your seat back there: somebody else may be waiting for it.")
