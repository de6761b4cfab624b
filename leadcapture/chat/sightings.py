"""What is known of a visitor beside what was said: where they came from, what they look at, with which browser.

Kept for whoever has written, and for nobody else: the newest KEPT pages with their times, and the latest of all the
rest, for as long as the visitor's conversations. Addresses (IP) are not kept. What a visitor shows who only agreed to
be seen stays in memory (watching.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import case, delete, exists, insert, select, update
from sqlalchemy.orm import Session

from leadcapture import clock
from leadcapture.chat import protocol, rules
from leadcapture.chat.models import PageView, Visitor
from leadcapture.chat.queries import conversations, messages, visitors

KEPT = 50  # pages of a visitor
ANOTHER_VISIT = timedelta(minutes=30)  # of absence, after which coming back is another visit
STALE = timedelta(seconds=45)  # after which a tab nobody speaks of is open no more: a killed process says no goodbye
LONGEST_TITLE = 200
UTM = ("source", "medium", "campaign", "term", "content", "id")
_LONGEST_AGENT = 400  # characters of what a browser says of itself: work for whoever reads it


@dataclass(frozen=True)
class Page:
    """A page somebody looked at, since `at`."""

    url: str
    title: str
    at: datetime

    def wire(self) -> dict[str, Any]:
        return {"url": self.url, "title": self.title, "at": clock.wire(self.at)}


@dataclass(frozen=True)
class Origin:
    """Where a visitor came from, and with what: as the browser says, so nothing of it is certain."""

    referrer: str = ""
    utm: dict[str, str] = field(default_factory=dict)
    timezone: str = ""
    device: str = ""


# ---- what comes in ---------------------------------------------------------------------------------------------------


def page(given: Mapping[str, Any], now: datetime) -> Page | None:
    """The page in `{url, title}` (`page` stands for `url` when a visitor connects); None for what is no web address.

    Raises Invalid (bad_request) for a wrong type.
    """
    url = _address(given, "url") or _address(given, "page")
    title = rules.clean_line(protocol.text(given, "title", ""), LONGEST_TITLE)
    return Page(url, title, now) if url else None


def origin(given: Mapping[str, Any], user_agent: str) -> Origin:
    """Where the visitor came from; what cannot be read is left out. Raises Invalid (bad_request) for a wrong type."""
    said, zone = given.get("utm"), protocol.text(given, "timezone", "")
    utm = {
        name: rules.clean_line(said[name], 200)
        for name in UTM
        if isinstance(said, dict) and isinstance(said.get(name), str) and said[name].strip()
    }
    return Origin(_address(given, "referrer"), utm, zone if zone in _zones() else "", device(user_agent))


def _address(given: Mapping[str, Any], name: str) -> str:
    text = rules.clean_line(protocol.text(given, name, ""), 2000)
    return text if re.match(r"https?://[^/]", text) else ""


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


@lru_cache(maxsize=2000)
def device(user_agent: str) -> str:
    """ "Chrome on Android" out of the header User-Agent; "" where it says nothing that is known."""
    # Its tables take half a second to load: only where a visitor connects.
    from ua_parser import parse_os, parse_user_agent

    cut = user_agent[:_LONGEST_AGENT]
    browser, system = parse_user_agent(cut), parse_os(cut)
    names = [found.family for found in (browser, system) if found is not None and found.family != "Other"]
    return " on ".join(names)[:120]


# ---- what is kept ----------------------------------------------------------------------------------------------------


def keep(
    session: Session,
    now: datetime,
    *,
    site_id: int,
    visitor: str,
    origin: Origin | None = None,
    pages: Sequence[Page] = (),
) -> bool:
    """Keep what a visitor who has written showed; False, and nothing is kept, for one who has not.

    A page that is the newest already is not kept twice. Of several origins the first referrer and the first campaign
    stay, for they brought the visitor here, and the latest of the rest.
    """
    v = visitors.c
    # Who was written to by an operator has not written yet.
    wrote = exists().where(
        conversations.c.visitor_id == v.id,
        messages.c.conversation_id == conversations.c.id,
        messages.c.author_kind == "visitor",
    )
    values: dict[str, Any] = {
        "seen_at": now,
        "visits": case((v.visits == 0, 1), (v.seen_at < now - ANOTHER_VISIT, v.visits + 1), else_=v.visits),
    }
    if pages:
        values["page_url"] = pages[-1].url
    if origin is not None:
        values |= {name: value for name, value in (("timezone", origin.timezone), ("device", origin.device)) if value}
        if origin.referrer:
            values["referrer"] = case((v.referrer == "", origin.referrer), else_=v.referrer)
    changed = update(visitors).where(v.public_id == visitor, v.site_id == site_id, wrote).values(values).returning(v.id)
    visitor_id = session.execute(changed).scalar_one_or_none()
    if visitor_id is None:
        return False
    if origin is not None and origin.utm:
        session.execute(update(Visitor).where(Visitor.id == visitor_id, Visitor.utm.is_(None)).values(utm=origin.utm))
    _keep_pages(session, visitor_id, pages)
    return True


def _keep_pages(session: Session, visitor_id: int, pages: Sequence[Page]) -> None:
    newest = select(PageView.url).where(PageView.visitor_id == visitor_id).order_by(PageView.id.desc()).limit(1)
    known = session.scalar(newest)
    for one in pages[-KEPT:]:
        if one.url != known:
            session.execute(insert(PageView).values(visitor_id=visitor_id, url=one.url, title=one.title, at=one.at))
            known = one.url
    if not pages:
        return
    fiftieth = (
        select(PageView.id).where(PageView.visitor_id == visitor_id).order_by(PageView.id.desc()).offset(KEPT - 1)
    ).limit(1)
    oldest = session.scalar(fiftieth)
    if oldest is not None:
        session.execute(delete(PageView).where(PageView.visitor_id == visitor_id, PageView.id < oldest))


def pages_of(session: Session, visitor_id: int) -> list[Page]:
    """The kept pages, newest first."""
    rows = session.execute(
        select(PageView.url, PageView.title, PageView.at)
        .where(PageView.visitor_id == visitor_id)
        .order_by(PageView.id.desc())
        .limit(KEPT)
    )
    return [Page(row.url, row.title, row.at) for row in rows]


# ---- what upper slices know of a contact -----------------------------------------------------------------------------

# `hook(session, contact_id)` gives `{"submissions": [{title, at, state}, …]}`: forms stand above the chat, so the
# factory puts here what they know.
of_contact: list[Callable[[Session, int], Mapping[str, Any]]] = []
