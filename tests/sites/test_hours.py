"""When a site is open, and when it opens again: in every zone, over changes of clocks, holidays and own exceptions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadcapture.sites import hours, rules
from leadcapture.sites.models import Site

# Zones whose clocks change: by an hour at 1, 2 and 3 o'clock, at midnight, by half an hour, in the south, not at all.
ZONES = (
    "Europe/Berlin", "Europe/London", "America/New_York", "America/St_Johns", "America/Santiago", "Africa/Cairo",
    "Asia/Beirut", "America/Havana", "Australia/Lord_Howe", "Pacific/Chatham", "Antarctica/Troll", "Asia/Gaza",
    "Africa/Casablanca", "Asia/Kathmandu", "Pacific/Apia", "UTC",
)  # fmt: skip
WEEK = {day: [["09:00", "12:00"], ["13:00", "17:00"]] for day in rules.DAYS[:5]}
MINUTE = timedelta(minutes=1)


def site(zone: str = "Europe/Berlin", week: Any = WEEK, **chat: Any) -> Site:
    return Site(timezone=zone, hours=week, chat=chat or None)


def at(zone: str, *moment: int, fold: int = 0) -> datetime:
    return datetime(*moment, tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)  # type: ignore[arg-type,misc]


def berlin(*moment: int, fold: int = 0) -> datetime:
    return at("Europe/Berlin", *moment, fold=fold)


def test_a_site_without_hours_is_always_open() -> None:
    assert hours.is_open(site(week=None), berlin(2026, 11, 22, 3))
    assert hours.next_opening(site(week=None), berlin(2026, 11, 22, 3)) is None


def test_hours_are_those_of_the_clocks_in_the_sites_zone() -> None:
    assert not hours.is_open(site(), berlin(2026, 11, 20, 8, 59))
    assert hours.is_open(site(), berlin(2026, 11, 20, 9))
    assert not hours.is_open(site(), berlin(2026, 11, 20, 12))
    assert hours.is_open(site("Asia/Kathmandu"), at("Asia/Kathmandu", 2026, 11, 20, 16, 59))


def test_on_friday_evening_the_shop_is_back_on_monday_at_nine() -> None:
    assert hours.next_opening(site(), berlin(2026, 11, 20, 18)) == berlin(2026, 11, 23, 9)
    assert hours.next_opening(site(), berlin(2026, 11, 20, 12, 30)) == berlin(2026, 11, 20, 13)
    assert hours.next_opening(site(), berlin(2026, 11, 20, 10)) is None


def test_a_site_open_over_midnight_closes_in_between_for_nobody() -> None:
    late = site(week={"fri": [["20:00", "24:00"]], "sat": [["00:00", "02:00"]]})
    assert hours.is_open(late, berlin(2026, 11, 20, 23, 59))
    assert hours.is_open(late, berlin(2026, 11, 21, 0, 0))
    assert not hours.is_open(late, berlin(2026, 11, 21, 2))
    assert hours.next_opening(late, berlin(2026, 11, 21, 2)) == berlin(2026, 11, 27, 20)


def test_a_site_that_never_opens_is_never_back() -> None:
    assert hours.next_opening(site(week={}), berlin(2026, 11, 20, 18)) is None
    assert hours.next_opening(site(week={"mon": []}), berlin(2026, 11, 20, 18)) is None


class TestChangesOfClocks:
    def test_nine_is_nine_on_both_sides(self) -> None:
        assert hours.next_opening(site(), berlin(2026, 3, 27, 18)) == datetime(2026, 3, 30, 7, tzinfo=UTC)
        assert hours.next_opening(site(), berlin(2026, 10, 23, 18)) == datetime(2026, 10, 26, 8, tzinfo=UTC)

    def test_who_opens_at_a_time_that_clocks_skip_opens_when_they_jump(self) -> None:
        early = site(week={"sun": [["02:30", "06:00"]]})
        assert hours.next_opening(early, berlin(2026, 3, 29, 1)) == datetime(2026, 3, 29, 1, tzinfo=UTC)  # 3:00

    def test_what_clocks_show_twice_is_open_twice(self) -> None:
        short = site(week={"sun": [["02:15", "02:30"]]})
        assert hours.next_opening(short, berlin(2026, 10, 25, 1)) == datetime(2026, 10, 25, 0, 15, tzinfo=UTC)
        assert hours.next_opening(short, berlin(2026, 10, 25, 2, 40)) == datetime(2026, 10, 25, 1, 15, tzinfo=UTC)

    def test_clocks_that_turn_back_into_a_span_open_the_site_again(self) -> None:
        early = site(week={"sun": [["01:00", "02:20"]]})
        assert hours.next_opening(early, berlin(2026, 10, 25, 2, 40)) == datetime(2026, 10, 25, 1, tzinfo=UTC)

    def test_a_day_that_begins_at_one_begins_then(self) -> None:
        # Clocks in Cairo jump from midnight to one on the last Friday of April.
        night = site("Africa/Cairo", week={"fri": [["00:00", "03:00"]]})
        assert hours.next_opening(night, at("Africa/Cairo", 2026, 4, 23, 23)) == datetime(2026, 4, 23, 22, tzinfo=UTC)

    @settings(max_examples=25, deadline=None)
    @given(
        zone=st.sampled_from(ZONES),
        now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 1)),
        week=st.dictionaries(
            st.sampled_from(rules.DAYS),
            st.tuples(st.integers(0, 22), st.integers(1, 3), st.sampled_from([0, 15, 30, 45])),
            max_size=4,
        ),
    )
    def test_it_opens_at_the_first_moment_at_which_it_is_open(self, zone: str, now: datetime, week: Any) -> None:
        spans = {
            day: [
                [f"{start:02}:{minute:02}", f"{min(24, start + longer):02}:{minute if start + longer < 24 else 0:02}"]
            ]
            for day, (start, longer, minute) in week.items()
        }
        asked, now = site(zone, spans), now.replace(tzinfo=UTC)
        opens = hours.next_opening(asked, now)
        if hours.is_open(asked, now) or not week:
            assert opens is None
            return
        assert opens is not None
        assert hours.is_open(asked, opens)
        assert not hours.is_open(asked, opens - timedelta(seconds=1))
        # Nothing is open in between; looked at every five minutes, which no span and no change of clocks slips through.
        minutes = int((opens - now) / MINUTE)
        assert not any(hours.is_open(asked, now + MINUTE * passed) for passed in range(0, minutes, 5))


class TestExceptionsAndHolidays:
    def test_a_day_off_is_closed_and_says_when_it_is_back(self) -> None:
        closed = site(exceptions=[{"date": "2026-11-23", "spans": [], "why": {"en": "Stocktaking"}}])
        assert not hours.is_open(closed, berlin(2026, 11, 23, 10))
        assert hours.next_opening(closed, berlin(2026, 11, 20, 18)) == berlin(2026, 11, 24, 9)

    def test_other_hours_on_a_day_go_before_the_week(self) -> None:
        sunday = site(exceptions=[{"date": "2026-11-29", "spans": [["10:00", "14:00"]], "why": {}}])
        assert hours.is_open(sunday, berlin(2026, 11, 29, 10))
        assert hours.next_opening(sunday, berlin(2026, 11, 27, 18)) == berlin(2026, 11, 29, 10)

    def test_a_site_without_hours_closes_on_its_exceptions_too(self) -> None:
        closed = site(week=None, exceptions=[{"date": "2026-12-24", "spans": [["09:00", "12:00"]], "why": {}}])
        assert hours.next_opening(closed, berlin(2026, 12, 24, 13)) == berlin(2026, 12, 25)

    def test_public_holidays_are_closed_by_country_and_part_of_it(self) -> None:
        corpus_christi = berlin(2026, 6, 4, 10)
        assert hours.is_open(site(), corpus_christi)
        assert hours.is_open(site(country="DE", subdivision="BE"), corpus_christi)
        assert not hours.is_open(site(country="DE", subdivision="BY"), corpus_christi)
        assert hours.next_opening(site(country="DE", subdivision="BY"), corpus_christi) == berlin(2026, 6, 5, 9)

    def test_over_christmas_and_new_year_it_is_back_after_both(self) -> None:
        shop = site(
            country="DE", exceptions=[{"date": f"2026-12-{day}", "spans": [], "why": {}} for day in range(28, 32)]
        )
        assert hours.next_opening(shop, berlin(2026, 12, 24, 18)) == berlin(2027, 1, 4, 9)

    def test_an_exception_opens_a_holiday(self) -> None:
        open_day = site(country="DE", exceptions=[{"date": "2026-12-25", "spans": [["10:00", "12:00"]], "why": {}}])
        assert hours.is_open(open_day, berlin(2026, 12, 25, 11))

    def test_the_day_is_that_of_the_site_and_not_ours(self) -> None:
        # Still the 4th of July in Honolulu when it is the 5th here.
        shop = site("Pacific/Honolulu", week=None, country="US")
        assert not hours.is_open(shop, datetime(2026, 7, 5, 9, 59, tzinfo=UTC))
        assert hours.next_opening(shop, datetime(2026, 7, 5, 3, tzinfo=UTC)) == datetime(2026, 7, 5, 10, tzinfo=UTC)

    def test_the_next_holidays_are_named_in_the_readers_language(self) -> None:
        [coptic] = hours.next_holidays("EG", "", date(2026, 12, 1), "en", most=1)
        assert coptic == hours.Holiday(date(2027, 1, 7), "Coptic Christmas Day")
        [in_arabic] = hours.next_holidays("EG", "", date(2026, 12, 1), "ar", most=1)
        assert in_arabic.day == coptic.day
        assert in_arabic.name != coptic.name

    @pytest.mark.parametrize(("country", "part"), [("", ""), ("XX", ""), ("DE", "XX")])
    def test_a_country_that_nobody_knows_has_no_holidays(self, country: str, part: str) -> None:
        assert hours.holidays_of(country, part, 2026) == ()
        assert hours.is_open(site(country=country, subdivision=part), berlin(2026, 11, 20, 10))

    def test_countries_come_with_their_parts(self) -> None:
        assert {"DE", "EG", "HU"} <= hours.countries()
        assert hours.parts_of("DE")["BY"] == "Bayern"
        assert hours.parts_of("XX") == {}


def test_starting_does_not_wait_for_the_holidays() -> None:
    assert not hasattr(hours, "holidays")  # whoever asks for them first imports them


def test_the_end_of_a_day_is_written_as_24_00() -> None:
    whole = site(week={day: [["00:00", "24:00"]] for day in rules.DAYS})
    assert hours.is_open(whole, berlin(2026, 11, 20, 23, 59) + timedelta(seconds=59))
    assert hours.is_open(whole, berlin(2026, 11, 21))
