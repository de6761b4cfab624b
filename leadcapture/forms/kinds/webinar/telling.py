"""The mails about a seat, each with the calendar entry that belongs to it."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from leadcapture import i18n, signing
from leadcapture.addresses import Address
from leadcapture.forms import letters
from leadcapture.forms.kinds.webinar import rules, wording
from leadcapture.forms.kinds.webinar.queries import Held
from leadcapture.forms.outcome import Outcome
from leadcapture.i18n import gettext as _
from leadcapture.mail.operations import Attachment
from leadcapture.mail.rules import fallback_sender

# After these a seat stands in the calendar no more.
ENDED = ("cancelled", "left", "removed")


def page_url(held: Held) -> str:
    """The page of a seat: the way into the room, and out of the list. Its address is the proof."""
    token = signing.sign("seat", held.seat.public_id)
    return f"{letters.form_url(held.site, held.form.slug)}/join/{token}"


def registered(session: Session, now: datetime, held: Held, waiting_before: int) -> Outcome:
    """Mail what somebody reads who has just registered; returns the same for the page."""
    with i18n.speaking(held.seat.language):
        outcome = wording.registered(held, page_url(held), waiting_before)
        _send(session, now, held, outcome, entry=held.seat.status == "seated")
    return outcome


def tell(session: Session, now: datetime, held: Held, what: str) -> None:
    """Mail a notice. Who was on the waiting list alone has no calendar entry that would have to change."""
    with i18n.speaking(held.seat.language):
        if what == "left" and held.seat.sequence == 0:
            return  # never had a seat, and knows
        ended = what in ENDED
        entry = held.seat.sequence > 0 if ended else held.seat.status == "seated"
        _send(session, now, held, wording.notice(held, what, page_url(held)), entry=entry, cancelled=ended)
    if not ended:
        held.seat.reminded = rules.reminders_past(held.meeting.starts_at, now)


def remind(session: Session, now: datetime, held: Held, minutes: int) -> None:
    """Mail the reminder so many minutes before the start."""
    with i18n.speaking(held.seat.language):
        _send(session, now, held, wording.reminder(held, minutes, page_url(held)), entry=False)


def _send(
    session: Session, now: datetime, held: Held, outcome: Outcome, *, entry: bool, cancelled: bool = False
) -> None:
    attachments = [_attachment(now, held, cancelled=cancelled)] if entry else []
    if entry:
        held.seat.sequence += 1
    title = wording.title_of(held.form, held.meeting)
    letters.send(
        session,
        now,
        site=held.site,
        to=Address(typed=held.contact.email, key=held.contact.email_key),
        language=held.seat.language,
        outcome=outcome,
        subject=_("%(what)s: %(title)s", what=outcome.title, title=title),
        why=wording.why(held),
        contact=held.contact,
        purpose="webinar",
        name=held.contact.name,
        attachments=attachments,
        about=held.seat.public_id,
    )


def _attachment(now: datetime, held: Held, *, cancelled: bool) -> Attachment:
    from leadcapture.forms.kinds.webinar import calendar  # here, because icalendar takes long and starting must not

    url = page_url(held)
    entry = calendar.Entry(
        uid=f"{held.seat.public_id}@{urlsplit(url).hostname}",
        sequence=held.seat.sequence,
        starts_at=held.meeting.starts_at,
        minutes=held.meeting.minutes,
        timezone=held.meeting.timezone,
        title=wording.title_of(held.form, held.meeting),
        text=_("The way into the room, from 15 minutes before the session begins:"),
        url=url,
        organizer=calendar.Person(
            held.site.sender_name or held.site.name,
            held.site.sender_email or fallback_sender(letters.public_url()),
        ),
        attendee=calendar.Person(held.contact.name, held.contact.email),
    )
    method = calendar.method(cancelled=cancelled)
    content = calendar.text(entry, now, cancelled=cancelled)
    return Attachment("session.ics", f"text/calendar; method={method}", content)
