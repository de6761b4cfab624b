"""Who is on the site now: visitors who chat, and visitors who agreed to be seen where the site asks for it.

Each process knows the tabs that are open to it. A job writes what changed among them, so that every process and every
operator sees the same list, and takes the rows away again: they live as long as the tab. What a visitor looked at who
has not written stays in this process's memory, for as long as TRAIL, and is kept only once they write.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from leadcapture import clock, db, ids, socketio
from leadcapture.chat import broadcast, rules
from leadcapture.chat.models import Conversation, Visitor, VisitorPresence
from leadcapture.chat.protocol import OPERATOR
from leadcapture.chat.sightings import KEPT, STALE, Origin, Page
from leadcapture.sites.models import Site

HEARTBEAT = 15.0  # seconds
GRACE = 4.0  # seconds for which a tab that closed still counts: people go from page to page
TRAIL = timedelta(minutes=30)
MOST_TRAILS = 5000  # visitors whose pages are remembered in memory


@dataclass
class Tab:
    """One open tab and what it shows."""

    site_id: int
    visitor: str
    language: str
    agreed: bool
    origin: Origin
    page: Page | None
    talks: bool = False  # has a conversation
    news: bool = False  # there is something to tell though the row stays as it is
    closed_at: float | None = None
    written: dict[str, Any] = field(default_factory=dict)  # its row as it is; nothing while there is none

    def row(self) -> dict[str, Any]:
        """What is told of it; nothing while nobody may see it."""
        if self.page is None or not (self.agreed or self.talks):
            return {}
        return {
            "site_id": self.site_id,
            "visitor": self.visitor,
            "language": self.language,
            "timezone": self.origin.timezone,
            "device": self.origin.device,
            "referrer": self.origin.referrer,
            "url": self.page.url,
            "title": self.page.title,
            "since": self.page.at,
        }


tabs: dict[str, Tab] = {}
_news: set[str] = set()  # tabs of which something may have changed since it was written
_left: deque[str] = deque()  # tabs that were closed, in that order
_trails: OrderedDict[str, list[Page]] = OrderedDict()
_process = ids.new("token")  # this process, among those that serve the same database
_heartbeat = -HEARTBEAT


def configure() -> None:
    """Begin with no tabs."""
    global _process, _heartbeat
    _process, _heartbeat = ids.new("token"), -HEARTBEAT
    tabs.clear()
    _news.clear()
    _left.clear()
    _trails.clear()


# ---- what happens to the tabs of this process ------------------------------------------------------------------------


def arrived(sid: str, tab: Tab) -> None:
    """A tab is open."""
    tabs[sid] = tab
    _news.add(sid)
    _remember(tab)


def known(sid: str, *, origin: Origin | None = None, agreed: bool = False) -> None:
    """More is known of a tab: where it came from, that its visitor has agreed to be seen."""
    tab = tabs.get(sid)
    if tab is not None:
        tab.origin = origin or tab.origin
        tab.agreed = tab.agreed or agreed
        _news.add(sid)


def moved(sid: str, page: Page) -> None:
    """The tab shows another page."""
    tab = tabs.get(sid)
    if tab is not None:
        tab.page = page
        _news.add(sid)
        _remember(tab)


def talks(sid: str) -> None:
    """The visitor of this tab has a conversation."""
    tab = tabs.get(sid)
    if tab is not None:
        tab.talks = tab.news = True
        _news.add(sid)


def becomes(sid: str, visitor: str) -> None:
    """It is known now who the visitor of this tab is."""
    tab = tabs.get(sid)
    if tab is not None and tab.visitor != visitor:
        seen = _trails.pop(tab.visitor, [])
        _trails[visitor] = [*_trails.get(visitor, []), *seen][-KEPT:]
        tab.visitor, tab.news = visitor, True
        _news.add(sid)


def left(sid: str) -> None:
    """The tab was closed, or its page was left."""
    tab = tabs.get(sid)
    if tab is not None:
        tab.closed_at = time.monotonic()
        _left.append(sid)


def trail(visitor: str, now: datetime) -> list[Page]:
    """What the visitor looked at lately, oldest first, as far as this process knows."""
    return [page for page in _trails.get(visitor, ()) if page.at > now - TRAIL]


def _remember(tab: Tab) -> None:
    if tab.page is None:
        return
    pages = _trails.setdefault(tab.visitor, [])
    _trails.move_to_end(tab.visitor)
    # Nobody's way through the site is remembered who did not agree; the page they write from is.
    if not (tab.agreed or tab.talks):
        pages.clear()
    if not pages or pages[-1].url != tab.page.url:
        pages.append(tab.page)
    del pages[:-KEPT]
    while len(_trails) > MOST_TRAILS:
        _trails.popitem(last=False)


# ---- what all processes know -----------------------------------------------------------------------------------------


def people_due(now: datetime) -> None:
    """Write what changed among the tabs of this process, and tell operators who came, moved and went."""
    global _heartbeat
    beats = time.monotonic() - _heartbeat >= HEARTBEAT
    gone = _gone()
    _news.update(gone)
    looked_at = {sid for sid in _news if sid in tabs}
    _news.clear()
    rows = {sid: {} if sid in gone else tabs[sid].row() for sid in looked_at}
    changed = {sid: row for sid, row in rows.items() if row != tabs[sid].written or tabs[sid].news}
    touched = {
        (known["site_id"], known["visitor"])
        for sid, row in changed.items()
        for known in (row, tabs[sid].written)
        if known
    }
    if changed or beats:
        try:
            touched |= db.write(_write, now, changed=changed, beats=beats)
        except Exception:
            _news.update(looked_at)  # what was not written is written the next time
            _left.extendleft(reversed(gone))
            raise
        _heartbeat = time.monotonic() if beats else _heartbeat
    for sid, row in changed.items():
        tabs[sid].written, tabs[sid].news = row, False
    for sid in gone:
        del tabs[sid]
    if touched:
        _tell(now, touched)


def _gone() -> list[str]:
    """The tabs that were closed long enough ago."""
    gone = []
    while _left and time.monotonic() - (tabs[_left[0]].closed_at or 0) >= GRACE:
        gone.append(_left.popleft())
    return gone


def _write(session: Session, now: datetime, *, changed: dict[str, dict[str, Any]], beats: bool) -> set[tuple[int, str]]:
    """Bring this process's rows up to date. Of processes that say nothing any more the rows are taken away: comes back
    with their sites and visitors."""
    if changed:
        session.execute(delete(VisitorPresence).where(VisitorPresence.socket_id.in_(changed)))
    rows = [{**row, "socket_id": sid, "process": _process, "heard_at": now} for sid, row in changed.items() if row]
    if rows:
        session.execute(insert(VisitorPresence), rows)
    if not beats:
        return set()
    session.execute(update(VisitorPresence).where(VisitorPresence.process == _process).values(heard_at=now))
    lost = delete(VisitorPresence).where(VisitorPresence.heard_at < now - STALE)
    taken = session.execute(lost.returning(VisitorPresence.site_id, VisitorPresence.visitor))
    return {(row.site_id, row.visitor) for row in taken}


def _tell(now: datetime, touched: Collection[tuple[int, str]]) -> None:
    with db.read() as session:
        here = {
            (site_id, person["id"]): person
            for site_id, person in _people(session, now, VisitorPresence.visitor.in_({one for _site, one in touched}))
        }
    for site_id, visitor in touched:
        person = here.get((site_id, visitor))
        event, payload = ("person", person) if person else ("gone", {"id": visitor})
        socketio.emit(event, payload, to=broadcast.site_room(site_id), namespace=OPERATOR)


def people(session: Session, now: datetime, site_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Everybody on these sites now who chats or agreed to be seen, who came last first: `{id, site, name, verified,
    page: {url, title, at}, language, timezone, device, referrer, conversation, tabs}`."""
    return [person for _site, person in _people(session, now, VisitorPresence.site_id.in_(site_ids))]


def _people(session: Session, now: datetime, which: Any) -> list[tuple[int, dict[str, Any]]]:
    newest = (
        select(Conversation.id)
        .where(Conversation.visitor_id == Visitor.id)
        .order_by(Conversation.id.desc())
        .limit(1)
        .correlate(Visitor)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            VisitorPresence,
            Visitor.name,
            Visitor.user_id,
            Conversation.public_id.label("conversation"),
            Conversation.status,
            Conversation.active_at,
            Site.key,
            Site.name.label("site_name"),
        )
        .join(Site, Site.id == VisitorPresence.site_id)
        .outerjoin(
            Visitor, (Visitor.public_id == VisitorPresence.visitor) & (Visitor.site_id == VisitorPresence.site_id)
        )
        .outerjoin(Conversation, Conversation.id == newest)
        .where(which, VisitorPresence.heard_at > now - STALE)
        .order_by(VisitorPresence.since.desc(), VisitorPresence.socket_id)
    )
    found: dict[tuple[int, str], dict[str, Any]] = {}
    for row in rows:
        tab: VisitorPresence = row[0]
        person = found.get((tab.site_id, tab.visitor))
        if person is not None:
            person["tabs"] += 1
            continue
        goes_on = row.conversation is not None and not rules.is_over(row.status, row.active_at, now)
        found[tab.site_id, tab.visitor] = {
            "id": tab.visitor,
            "site": {"key": row.key, "name": row.site_name},
            "name": row.name or "",
            "verified": row.user_id is not None,
            "page": {"url": tab.url, "title": tab.title, "at": clock.wire(tab.since)},
            "language": tab.language,
            "timezone": tab.timezone,
            "device": tab.device,
            "referrer": tab.referrer,
            "conversation": row.conversation if goes_on else None,
            "tabs": 1,
        }
    return [(site_id, person) for (site_id, _visitor), person in found.items()]
