"""A conversation written down: to print, and to mail to the visitor whose it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_date, format_time
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from leadcapture import i18n
from leadcapture.addresses import Address
from leadcapture.chat import signature
from leadcapture.chat.models import ChatFile
from leadcapture.chat.queries import conversations, messages, visitors
from leadcapture.i18n import gettext as _
from leadcapture.mail import operations as mail
from leadcapture.sites import queries as sites
from leadcapture.sites.models import Site

MOST = 500  # messages in one transcript: the newest

c = conversations.c


@dataclass(frozen=True)
class Line:
    """One message as it is read in a transcript. `day` and `time` are in the reader's language and zone."""

    author: str
    author_kind: str
    kind: str
    body: str
    file: str  # its name
    day: str
    time: str
    edited: bool
    deleted: bool
    by_email: bool


@dataclass(frozen=True)
class Transcript:
    """A whole conversation for a reader: the site's team, or the visitor."""

    public_id: str
    site: Site
    visitor_name: str
    began: str
    zone: str
    lines: Sequence[Line]
    shortened: bool  # earlier messages were left out
    stars: int | None
    comment: str


def read(session: Session, conversation_id: int, *, notes: bool = False, for_visitor: bool = False) -> Transcript:
    """The conversation with that internal id, which must exist, in the language of the moment.

    With `notes` the team's own are among it. Its times are the site's, for the visitor those of where they are.
    """
    row = session.execute(
        select(conversations, visitors.c.name.label("visitor_name"), visitors.c.timezone.label("visitor_zone"))
        .join(visitors, visitors.c.id == c.visitor_id)
        .where(c.id == conversation_id)
    ).one()
    site = sites.by_id(session, row.site_id)
    zone = _zone(row.visitor_zone if for_visitor else "", site.timezone)
    found = lines(session, conversation_id, notes=notes, newest=MOST, zone=zone, for_visitor=for_visitor)
    return Transcript(
        public_id=row.public_id,
        site=site,
        visitor_name=row.name or row.visitor_name,
        began=_day(row.created_at, zone),
        zone=zone.key,
        lines=found,
        shortened=bool(found) and row.last_seq > MOST,
        stars=row.stars,
        comment=row.comment,
    )


def lines(
    session: Session,
    conversation_id: int,
    *,
    until: int | None = None,
    notes: bool = False,
    newest: int = MOST,
    zone: ZoneInfo | None = None,
    for_visitor: bool = False,
) -> list[Line]:
    """The newest messages up to the one numbered `until`, oldest first, as they read in the language of the moment;
    times are the site's where no zone is given."""
    if zone is None:
        zone = ZoneInfo(
            session.execute(
                select(Site.timezone).join(conversations, c.site_id == Site.id).where(c.id == conversation_id)
            ).scalar_one()
        )
    wanted = (
        select(messages, ChatFile.name.label("file_name"))
        .outerjoin(ChatFile, ChatFile.id == messages.c.file_id)
        .where(messages.c.conversation_id == conversation_id)
        .order_by(messages.c.id.desc())
        .limit(newest)
    )
    if until is not None:
        wanted = wanted.where(messages.c.after_seq < until)
    if not notes:
        wanted = wanted.where(messages.c.seq.is_not(None))
    # Numbers are given and rows inserted under one lock: the order of the rows is that of the numbers.
    return [_line(row, zone, _("You") if for_visitor else _("Visitor")) for row in session.execute(wanted).all()[::-1]]


def mail_to(session: Session, now: datetime, *, conversation_id: int, to: Address) -> None:
    """Mail the conversation to the visitor, in their language. The address must be known to be theirs."""
    row = session.execute(
        select(c.site_id, c.public_id, visitors.c.language)
        .join(visitors, visitors.c.id == c.visitor_id)
        .where(c.id == conversation_id)
    ).one()
    site = sites.by_id(session, row.site_id)
    language = i18n.best(row.language, site.language)
    with i18n.speaking(language):
        written = read(session, conversation_id, for_visitor=True)
        values = {"transcript": written, "signature": signature.of(site)}
    mail.enqueue(
        session,
        now,
        site=site,
        name="transcript",
        to=to,
        to_name=written.visitor_name,
        language=language,
        values=values,
        about=row.public_id,
    )


def _line(row: Row[Any], zone: ZoneInfo, nameless: str) -> Line:
    gone = row.deleted_at is not None
    return Line(
        author=row.author_name or (nameless if row.author_kind == "visitor" else ""),
        author_kind=row.author_kind,
        kind=row.kind,
        body="" if gone else row.body,
        file="" if gone else row.file_name or "",
        day=_day(row.created_at, zone),
        time=format_time(row.created_at.astimezone(zone), "short", locale=i18n.language()),
        edited=row.edited_at is not None and not gone,
        deleted=gone,
        by_email=row.by_email,
    )


def _day(at: datetime, zone: ZoneInfo) -> str:
    return format_date(at.astimezone(zone).date(), "long", locale=i18n.language())


def _zone(*names: str) -> ZoneInfo:
    """The first of the zones that there is: a browser may name one that we do not know."""
    for name in names:
        try:
            return ZoneInfo(name)
        except (ValueError, ZoneInfoNotFoundError, OSError):
            continue
    return ZoneInfo("UTC")
