"""Calendar entries: one for each seat, as RFC 5545 writes them and RFC 5546 sends them.

The method is REQUEST (and CANCEL), not PUBLISH: calendars match what follows by its UID and SEQUENCE and move or take
away the entry by themselves, which they do not for something merely published. REQUEST asks for an organizer and an
attendee; the attendee has accepted by registering, so no reply is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from urllib.parse import quote
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard, vCalAddress

from leadcapture.forms import rules
from leadcapture.mail.rules import ascii_address

PRODUCT = "-//LeadCapture//Webinars//EN"
_STEP = timedelta(days=1)


@dataclass(frozen=True)
class Person:
    """Who stands in an entry."""

    name: str
    email: str


@dataclass(frozen=True)
class Entry:
    """One seat as its calendar entry: `uid` never changes, `sequence` counts what was sent of it before."""

    uid: str
    sequence: int
    starts_at: datetime
    minutes: int
    timezone: str
    title: str
    text: str
    url: str
    organizer: Person
    attendee: Person


def text(entry: Entry, now: datetime, *, cancelled: bool = False) -> str:
    """The entry as a calendar object, lines ended by CRLF and folded at 75 octets."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method(cancelled=cancelled))
    zone = ZoneInfo(entry.timezone)
    if entry.timezone != "UTC":
        calendar.add_component(_vtimezone(entry.timezone, entry.starts_at.astimezone(zone).year))
    calendar.add_component(_event(entry, now, cancelled=cancelled))
    return str(calendar.to_ical().decode())


def method(*, cancelled: bool) -> str:
    """The iTIP method (RFC 5546, 3.2) of an entry that stands or is taken away."""
    return "CANCEL" if cancelled else "REQUEST"


def _event(entry: Entry, now: datetime, *, cancelled: bool) -> Event:
    local = entry.starts_at.astimezone(UTC if entry.timezone == "UTC" else ZoneInfo(entry.timezone))
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", now)
    event.add("dtstart", local)
    # A duration, not an end: minutes stay minutes where the clocks change in between.
    event.add("duration", timedelta(minutes=entry.minutes))
    event.add("summary", rules.clean_line(entry.title))
    event.add("description", rules.clean_text(f"{entry.text}\n\n{entry.url}"))
    event.add("location", entry.url)
    event.add("url", entry.url)
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("organizer", _address(entry.organizer))
    attendee = _address(entry.attendee)
    attendee.params.update(ROLE="REQ-PARTICIPANT", PARTSTAT="ACCEPTED", RSVP="FALSE")
    event.add("attendee", attendee)
    return event


def _address(person: Person) -> vCalAddress:
    # A mailto URI (RFC 6068): the domain as ASCII, what else is not ASCII percent-encoded.
    address = vCalAddress("mailto:" + quote(ascii_address(person.email), safe="@!$'*+-._~="))
    name = rules.clean_line(person.name)
    if name:
        address.params["CN"] = name
    return address


def _vtimezone(name: str, year: int) -> Timezone:
    """The zone's rules around that year as observances, each with its onset on the clocks before the change (RFC 5545,
    3.6.5)."""
    zone = Timezone()
    zone.add("tzid", name)
    for onset, before, after, short, summer in _observances(name, year):
        part = TimezoneDaylight() if summer else TimezoneStandard()
        part.add("dtstart", onset)
        part.add("tzoffsetfrom", before)
        part.add("tzoffsetto", after)
        part.add("tzname", short)
        zone.add_component(part)
    return zone


@cache
def _observances(name: str, year: int) -> list[tuple[datetime, timedelta, timedelta, str, bool]]:
    """(onset on the clocks before it, offset before, offset after, short name, summer time?) from the beginning of the
    year before to the end of the year after."""
    zone = ZoneInfo(name)
    at, end = datetime(year - 1, 1, 1, tzinfo=UTC), datetime(year + 2, 1, 1, tzinfo=UTC)
    found = [_observance(zone, at, _offset(zone, at))]
    while at < end:
        if _offset(zone, at) != _offset(zone, at + _STEP):
            change = _change(zone, at, at + _STEP)
            found.append(_observance(zone, change, _offset(zone, at)))
        at += _STEP
    return found


def _observance(zone: ZoneInfo, at: datetime, before: timedelta) -> tuple[datetime, timedelta, timedelta, str, bool]:
    local = at.astimezone(zone)
    onset = (at + before).replace(tzinfo=None)
    return onset, before, _offset(zone, at), local.tzname() or zone.key, bool(local.dst())


def _change(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The moment between the two from which the later offset holds, to the second."""
    before = _offset(zone, low)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if _offset(zone, middle) == before:
            low = middle
        else:
            high = middle
    return high


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()
