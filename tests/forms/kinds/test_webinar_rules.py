"""Times and calendar entries of webinars: what clocks show is what was meant, and calendars read what we write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from leadcapture import i18n
from leadcapture.forms.fields import local_of, moment_of
from leadcapture.forms.kinds.webinar import calendar, rules
from leadcapture.forms.rules import clean_line

NOW = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)
ZONES = ("Europe/Budapest", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata", "UTC")


def entry(**changed: object) -> calendar.Entry:
    values = {
        "uid": "sea_x@shop.example.org",
        "sequence": 2,
        "starts_at": datetime(2026, 12, 1, 9, 0, tzinfo=UTC),
        "minutes": 90,
        "timezone": "Europe/Budapest",
        "title": "Chairs",
        "text": "The way into the room:",
        "url": "https://leads.example.org/f/site_x/webinar/join/abc",
        "organizer": calendar.Person("Demo shop", "hello@shop.example.org"),
        "attendee": calendar.Person("Alice", "alice@example.org"),
    }
    return calendar.Entry(**{**values, **changed})  # type: ignore[arg-type]  # a test mixes types by name


def unfolded(text: str) -> list[str]:
    return text.replace("\r\n ", "").split("\r\n")


# ---- clocks ---------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2032, 1, 1)).map(lambda at: at.replace(second=0, microsecond=0)),
    st.sampled_from(ZONES),
)
def test_ten_oclock_stays_ten_oclock_whatever_the_clocks_do(local, zone):
    moment = moment_of(local.isoformat(timespec="minutes"), zone)
    shown = local_of(moment, zone).replace(tzinfo=None)
    if shown == local:
        return
    # Clocks skipped it: the meeting is as far after the change as it was meant to be after it began.
    gap = shown - local
    assert timedelta() < gap <= timedelta(hours=1)
    assert local_of(moment - gap, zone).replace(tzinfo=None) != local


def test_an_hour_that_clocks_skip_or_show_twice_is_one_moment():
    assert moment_of("2026-03-29T02:30", "Europe/Budapest") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # 03:30 CEST
    assert moment_of("2026-10-25T02:30", "Europe/Budapest") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # the first


def test_times_are_said_in_the_readers_language_with_their_zone():
    at = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
    assert (
        rules.when(at, "Europe/Berlin").replace("\u202f", " ") == "Tuesday, December 1, 2026, 10:00 AM (Berlin, UTC+1)"
    )
    assert "(UTC)" in rules.when(at, "UTC")
    assert "New York, UTC−5" in rules.when(at, "America/New_York")
    assert "UTC+5:30" in rules.when(at, "Asia/Kolkata")
    with i18n.speaking("ar"):
        assert "ديسمبر" in rules.when(at, "Europe/Berlin")


@pytest.mark.parametrize("zone", [*rules.zones()[::25], "Etc/UTC", "GMT", "Etc/GMT+5", "EST5EDT"])
def test_every_zone_that_can_be_chosen_can_be_said_and_written(zone):
    assert rules.when(NOW, zone)
    (event,) = Calendar.from_ical(calendar.text(entry(timezone=zone), NOW)).walk("VEVENT")
    assert event["DTSTART"].dt == entry().starts_at


def test_the_doors_open_a_quarter_of_an_hour_before_and_close_with_the_end():
    start = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
    said = {after: rules.phase(start, 60, start + timedelta(minutes=after)) for after in (-16, -15, 0, 59, 60)}
    assert said == {-16: "early", -15: "open", 0: "open", 59: "open", 60: "over"}


@pytest.mark.parametrize(
    ("before", "past"), [(3000, None), (1440, 1440), (61, 1440), (60, 60), (11, 60), (10, 10), (1, 10)]
)
def test_who_comes_late_has_missed_the_reminders_before(before, past):
    assert rules.reminders_past(NOW, NOW - timedelta(minutes=before)) == past


# ---- calendar entries -----------------------------------------------------------------------------------------------


def test_an_entry_says_what_calendars_need():
    lines = unfolded(calendar.text(entry(), NOW))
    for line in (
        "METHOD:REQUEST",
        "UID:sea_x@shop.example.org",
        "SEQUENCE:2",
        "DTSTAMP:20260304T103000Z",
        "DTSTART;TZID=Europe/Budapest:20261201T100000",
        "DURATION:PT1H30M",
        "STATUS:CONFIRMED",
        'ORGANIZER;CN="Demo shop":mailto:hello@shop.example.org',
        "SUMMARY:Chairs",
    ):
        assert line in lines, line
    assert any(line.startswith("ATTENDEE;") and line.endswith(":mailto:alice@example.org") for line in lines)


def test_a_cancelled_entry_takes_itself_out_of_the_calendar():
    lines = unfolded(calendar.text(entry(), NOW, cancelled=True))
    assert "METHOD:CANCEL" in lines
    assert "STATUS:CANCELLED" in lines


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=200), st.text(max_size=120))
def test_whatever_is_typed_stays_in_its_line(title, name):
    text = calendar.text(entry(title=title, attendee=calendar.Person(name, "alice@example.org")), NOW)
    assert text.endswith("END:VCALENDAR\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert "\r" not in text.replace("\r\n", "")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n")), "folded at 75 octets (RFC 5545, 3.1)"
    (event,) = Calendar.from_ical(text).walk("VEVENT")
    assert event["SUMMARY"] == clean_line(title)
    assert str(event["ATTENDEE"]) == "mailto:alice@example.org"
    assert len(Calendar.from_ical(text).subcomponents) == 2


def test_hostile_words_begin_no_line_of_their_own():
    evil = 'x\r\nATTACH:https://evil.example.org\r\nBEGIN:VALARM "; , \\'
    text = calendar.text(
        entry(
            title=evil,
            text=evil,
            organizer=calendar.Person(evil, "a@b.example"),
            attendee=calendar.Person(evil, "a@b.example"),
        ),
        NOW,
    )
    names = [line.split(":")[0].split(";")[0] for line in unfolded(text)]
    assert "ATTACH" not in names
    assert Calendar.from_ical(text).walk("VALARM") == []
    (event,) = Calendar.from_ical(text).walk("VEVENT")
    assert event["SUMMARY"] == 'x ATTACH:https://evil.example.org BEGIN:VALARM "; , \\'


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("month", [1, 3, 7, 10, 12])
def test_the_zones_rules_lead_back_to_the_very_moment(zone, month):
    """Read as RFC 5545, 3.6.5 says: the observance with the latest onset at or before the local time holds."""
    starts = datetime(2026, month, 28, 22, 45, tzinfo=UTC)
    text = calendar.text(entry(starts_at=starts, timezone=zone), NOW)
    (event,) = Calendar.from_ical(text).walk("VEVENT")
    local = event["DTSTART"].dt.replace(tzinfo=None)
    if zone == "UTC":
        assert "DTSTART:20" in text
        assert "VTIMEZONE" not in text
        assert local.replace(tzinfo=UTC) == starts
        return
    assert event["DTSTART"].params["TZID"] == zone
    (vtimezone,) = Calendar.from_ical(text).walk("VTIMEZONE")
    assert vtimezone["TZID"] == zone
    onsets = sorted(
        (part["DTSTART"].dt - part["TZOFFSETFROM"].td, part["TZOFFSETFROM"].td, part["TZOFFSETTO"].td)
        for part in vtimezone.subcomponents
    )
    for at in [starts + timedelta(days=days) for days in range(-200, 201, 5)]:
        offset = max(one for one in onsets if one[0] <= at.replace(tzinfo=None))[2]
        assert offset == at.astimezone(ZoneInfo(zone)).utcoffset()
    holds = max(one for one in onsets if one[0] + one[1] <= local)
    assert (local - holds[2]).replace(tzinfo=UTC) == starts


def test_an_address_in_another_script_is_a_valid_mailto():
    text = calendar.text(entry(attendee=calendar.Person("", "jürg@bücher.example")), NOW)
    assert ":mailto:j%C3%BCrg@xn--bcher-kva.example" in "".join(unfolded(text))
