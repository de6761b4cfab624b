"""What is kept of a visitor's way through the site: little, for a while, and only of whoever has written."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from leadcapture import db
from leadcapture.chat import sightings, watching
from leadcapture.chat.models import PageView, Visitor, VisitorPresence
from leadcapture.chat.sightings import KEPT, Origin, Page
from leadcapture.errors import Invalid
from tests.chat.test_operations import Chat
from tests.conftest import add_people

SHOP = "https://shop.example.org"


@pytest.fixture
def chat(either_database: db.Database, now: datetime) -> Chat:
    assert either_database
    return Chat(db.write(add_people, now), now)


def keep(
    chat: Chat, *urls: str, after: timedelta = timedelta(), origin: Origin | None = None, site: Any = None
) -> bool:
    now = chat.now + after
    return db.write(
        sightings.keep,
        now,
        site_id=(site or chat.people.site).id,
        visitor=chat.visitor,
        origin=origin,
        pages=[Page(url, "", now) for url in urls],
    )


def kept(chat: Chat) -> tuple[Visitor, list[str]]:
    with db.read() as session:
        row = session.scalars(select(Visitor).where(Visitor.public_id == chat.visitor)).one()
        return row, [page.url for page in sightings.pages_of(session, row.id)]


def test_nothing_is_kept_of_who_has_not_written(chat: Chat) -> None:
    assert not keep(chat, f"{SHOP}/a", origin=Origin(referrer="https://search.example.net/"))
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Visitor)) == 0
        assert session.scalar(select(func.count()).select_from(PageView)) == 0


def test_the_newest_pages_are_kept_each_once_in_a_row(chat: Chat) -> None:
    chat.ask()
    assert keep(chat, f"{SHOP}/a", f"{SHOP}/a", f"{SHOP}/b")
    assert keep(chat, f"{SHOP}/b")
    assert kept(chat)[1] == [f"{SHOP}/b", f"{SHOP}/a"]
    keep(chat, *(f"{SHOP}/{number}" for number in range(40)))
    keep(chat, *(f"{SHOP}/x{number}" for number in range(20)))
    pages = kept(chat)[1]
    assert (len(pages), pages[0], pages[-1]) == (KEPT, f"{SHOP}/x19", f"{SHOP}/10")
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(PageView)) == KEPT


def test_what_brought_somebody_stays_and_the_rest_is_the_latest(chat: Chat) -> None:
    chat.ask()
    keep(chat, origin=Origin("https://search.example.net/", {"source": "news"}, "Asia/Tokyo", "Firefox on Linux"))
    keep(chat, origin=Origin("https://other.example.net/", {"source": "ad"}, "Europe/Berlin", ""))
    row, _pages = kept(chat)
    assert (row.referrer, row.utm) == ("https://search.example.net/", {"source": "news"})
    assert (row.timezone, row.device) == ("Europe/Berlin", "Firefox on Linux")


def test_coming_back_after_half_an_hour_is_another_visit(chat: Chat) -> None:
    chat.ask()
    for minutes, visits in ((0, 1), (20, 1), (45, 1), (80, 2), (85, 2)):
        keep(chat, f"{SHOP}/{minutes}", after=timedelta(minutes=minutes))
        assert kept(chat)[0].visits == visits


def test_another_site_changes_nothing(chat: Chat) -> None:
    chat.ask()
    assert not keep(chat, f"{SHOP}/a", site=chat.people.other_site)
    assert kept(chat)[1] == []


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0", "Firefox on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
         "Version/17.6 Mobile/15E148 Safari/604.1", "Mobile Safari on iOS"),
        ("", ""),
        ("<script>alert(1)</script>" * 50, ""),
    ],
)  # fmt: skip
def test_a_device_is_named_by_its_browser_and_system(agent: str, name: str) -> None:
    assert sightings.device(agent) == name


ANYTHING = st.none() | st.integers() | st.text(max_size=40) | st.dictionaries(st.text(max_size=6), st.text(max_size=9))


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(["url", "page", "title", "referrer", "timezone", "utm"]), ANYTHING))
def test_whatever_a_browser_says_of_itself_is_made_harmless_or_refused(said: dict[str, Any]) -> None:
    try:
        page = sightings.page(said, datetime.min)
        origin = sightings.origin(said, "")
    except Invalid:
        return
    for address in (page.url if page else "", origin.referrer):
        assert address == "" or address.startswith(("http://", "https://"))
    assert origin.timezone == "" or "/" in origin.timezone or origin.timezone.isascii()
    assert set(origin.utm) <= set(sightings.UTM)


def test_a_killed_processs_visitors_leave_the_list(app: Flask, people: SimpleNamespace, now: datetime) -> None:
    assert app

    def listed(moment: datetime) -> list[str]:
        with db.read() as session:
            return [person["page"]["url"] for person in watching.people(session, moment, [people.site.id])]

    def tab(visitor: str, **more: Any) -> watching.Tab:
        page = Page(f"{SHOP}/{visitor}", "", now)
        return watching.Tab(people.site.id, visitor, "en", more.get("agreed", False), Origin(), page)

    watching.configure()
    watching.arrived("one", tab("vis_1", agreed=True))
    watching.arrived("two", tab("vis_2"))
    watching.people_due(now)
    assert listed(now) == [f"{SHOP}/vis_1"], "only who agreed"
    with db.read() as session:
        assert watching.people(session, now, [people.other_site.id]) == []

    watching.configure()  # another process now: the first was killed and says no goodbye
    later = now + timedelta(seconds=50)
    assert listed(later) == []
    watching.people_due(later)
    with db.read() as session:
        assert session.scalars(select(VisitorPresence.visitor)).all() == []
