"""Files in conversations, both ways: taken in, claimed by the message that carries them, found, deleted.

A file is there first and its message later: until a message claims it, it can be found by nobody but who has its signed
link, and it goes after a day. What no message carries any more goes too, so a file lives as long as its message.
What a file is, its content says. Images get a thumbnail (thumbnails.py), and only that is ever shown.
"""

from __future__ import annotations

import io
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any, cast

from gevent.threadpool import ThreadPool
from sqlalchemy import ColumnElement, delete, exists, func, select, update
from sqlalchemy.orm import Session

from leadcapture import clock, db, filetypes, ids, ratelimit, uploads
from leadcapture.chat import blocking, thumbnails
from leadcapture.chat.models import ChatFile
from leadcapture.chat.protocol import FileView
from leadcapture.chat.queries import files, messages
from leadcapture.errors import Invalid, NotFound, RateLimited
from leadcapture.i18n import gettext as _
from leadcapture.sites import chat_settings
from leadcapture.sites.models import Site

# No archives: nobody sees what is in one before it is open. No tables as CSV: spreadsheets run what stands in them.
IMAGES = ("png", "jpg", "jpeg", "gif", "webp")
ENDINGS = (*IMAGES, "pdf", "txt", "docx", "xlsx", "pptx", "odt", "ods", "odp")

UNCLAIMED_FOR = timedelta(days=1)
MOST_UNCLAIMED = 10  # files of one person that no message carries yet
A_DAY = timedelta(days=1)
MOST_A_DAY = 200_000_000  # bytes of one visitor
MOST_OF_SITE_A_DAY = 2_000_000_000  # bytes of all visitors of a site

f = files.c
_carried = exists().where(messages.c.file_id == f.id)

# Reading strangers' images takes time and memory: never on the event loop, and never two at once.
_threads: ThreadPool | None = None


@dataclass(frozen=True)
class TakenIn:
    """A file that lies in the folder of uploads, and of which the database knows nothing yet."""

    name: str
    size: int
    content_type: str
    stored: str
    thumb: str | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True)
class Lying:
    """What it takes to send a file: where it and its thumbnail lie, what it is called and what it is."""

    name: str
    content_type: str
    stored: str
    thumb: str | None


def accepted() -> list[str]:
    """What a browser's file dialogue shall offer: the content types, without repetition."""
    return list(dict.fromkeys(filetypes.TYPES[ending].content_type for ending in ENDINGS))


def most_bytes(site: Site) -> int:
    """How large a file of this site's conversations may be: what its owner set, and no more than the installation
    allows."""
    return min(chat_settings.of(site.chat).file_mb * 1_000_000, uploads.most_bytes())


# ---- taking one in ---------------------------------------------------------------------------------------------------


def keep(
    stream: IO[bytes], name: str, most: int, *, site_id: int, visitor: str | None = None, operator_id: int | None = None
) -> FileView:
    """Take in a file of at most `most` bytes and enter it. Raises as take_in and add do; then nothing is left of it."""
    taken = take_in(stream, name, most)
    try:
        return db.write(add, clock.now(), taken, site_id=site_id, visitor=visitor, operator_id=operator_id)
    except BaseException:
        discard(taken)
        raise


def take_in(stream: IO[bytes], name: str, most: int) -> TakenIn:
    """Store what is uploaded, once its content is known for something harmless of at most `most` bytes; on a native
    thread, while others are served. `add` or `discard` it.

    Raises Invalid with a sentence: not_allowed for any other type, uploads.TooLarge.
    """
    global _threads
    if _threads is None:
        _threads = ThreadPool(1)
    # The thread has a context of its own: take the caller's (the language of the moment) along.
    taken = _threads.apply(copy_context().run, (_taken_in_or_why_not, stream, name, most))
    if isinstance(taken, Invalid):
        raise taken
    return cast(TakenIn, taken)


def _taken_in_or_why_not(stream: IO[bytes], name: str, most: int) -> TakenIn | Invalid:
    # What is raised on a native thread is printed there, with the names of files in it.
    try:
        return _take_in(stream, name, most)
    except Invalid as refused:
        return refused


def discard(taken: TakenIn) -> None:
    """Delete a file that could not be added."""
    uploads.drop(taken.stored)
    if taken.thumb:
        uploads.drop(taken.thumb)


def _take_in(stream: IO[bytes], name: str, most: int) -> TakenIn:
    name = filetypes.clean_name(name)
    with uploads.received(stream, most) as path:
        name, promised = _named_by_content(path, name)
        if promised.archive and not filetypes.harmless_archive(path):
            raise Invalid(
                _("This document is not taken: it carries macros or unpacks to too much."), code="not_allowed"
            )
        thumbnail = thumbnails.made(path) if promised.content_type.startswith("image/") else None
        size, stored = path.stat().st_size, uploads.keep(path)
    taken = TakenIn(name, size, promised.content_type, stored)
    if thumbnail is None:
        return taken
    try:
        with uploads.received(io.BytesIO(thumbnail.content)) as path:
            thumb = uploads.keep(path)
    except BaseException:
        discard(taken)
        raise
    return TakenIn(name, size, promised.content_type, stored, thumb, thumbnail.width, thumbnail.height)


def _named_by_content(path: Path, name: str) -> tuple[str, filetypes.FileType]:
    """The file's type and a name that says so. An image under another image's name is called what it is: telephones
    do that. Raises Invalid (not_allowed) for anything else that is not what its name says."""
    promised = filetypes.type_of(name, ENDINGS)
    if promised is not None and filetypes.keeps_promise(path, promised):
        return name, promised
    ending = next((each for each in IMAGES if filetypes.keeps_promise(path, filetypes.TYPES[each])), None)
    if ending and (filetypes.ending_of(name) in IMAGES or "." not in name):
        return f"{name.rpartition('.')[0] or name or 'image'}.{ending}", filetypes.TYPES[ending]
    if promised is None:
        allowed = ", ".join(ENDINGS)
        raise Invalid(_("Files of this type are not taken, only: %(allowed)s.", allowed=allowed), code="not_allowed")
    raise Invalid(_("What is in this file is not what its name says (%(name)s).", name=name), code="not_allowed")


def add(
    session: Session,
    now: datetime,
    taken: TakenIn,
    *,
    site_id: int,
    visitor: str | None = None,
    operator_id: int | None = None,
) -> FileView:
    """Enter a file, of that visitor (the id out of a checked token) or that operator.

    Raises Blocked, or RateLimited when that person has sent too much without a message, or too much today.
    """
    # Two at once are counted one after the other.
    session.execute(select(Site.id).where(Site.id == site_id).with_for_update(key_share=True))
    whose = f.visitor == visitor if visitor else f.operator_id == operator_id
    unclaimed = session.execute(select(func.count()).where(whose, f.claimed.is_(False))).scalar_one()
    if unclaimed >= MOST_UNCLAIMED:
        raise _too_many()
    if visitor:
        blocking.check(session, now, visitor)
        _check_day(session, now, taken, whose & (f.site_id == site_id), MOST_A_DAY)
        _check_day(session, now, taken, (f.site_id == site_id) & f.visitor.is_not(None), MOST_OF_SITE_A_DAY)
    file = ChatFile(
        public_id=ids.new("file"),
        site_id=site_id,
        visitor=visitor,
        operator_id=operator_id,
        name=taken.name,
        size=taken.size,
        content_type=taken.content_type,
        stored=taken.stored,
        thumb=taken.thumb,
        width=taken.width,
        height=taken.height,
        claimed=False,
        created_at=now,
    )
    session.add(file)
    session.flush()
    return _view(file)


def _check_day(session: Session, now: datetime, taken: TakenIn, whose: ColumnElement[bool], most: int) -> None:
    today = select(func.coalesce(func.sum(f.size), 0)).where(whose, f.created_at > now - A_DAY)
    if session.execute(today).scalar_one() + taken.size > most:
        raise _too_many()


def _too_many() -> RateLimited:
    return ratelimit.refusal(_("Too many files were sent."), 3600)


# ---- the message that carries it -------------------------------------------------------------------------------------


def claim(
    session: Session,
    now: datetime,
    public_id: str,
    *,
    site_id: int,
    visitor: str | None = None,
    operator_id: int | None = None,
) -> tuple[int, FileView]:
    """Take a file of that visitor or that operator for one message: its internal id, and what is told of it.

    Raises NotFound for another's file, one that a message has already, and one that is a day old.
    """
    # An operator who belongs to several sites chooses the file before the conversation.
    whose = (f.visitor == visitor) & (f.site_id == site_id) if visitor else f.operator_id == operator_id
    found = session.scalars(
        update(ChatFile)
        .where(f.public_id == public_id, whose, f.claimed.is_(False), f.created_at > now - UNCLAIMED_FOR)
        .values(claimed=True, site_id=site_id)
        .returning(ChatFile)
    ).one_or_none()
    if found is None:
        raise NotFound(_("This file is gone. Choose it again."))
    return found.id, _view(found)


def sent_before(
    session: Session, public_id: str, client_id: str, *, visitor: str | None, operator_id: int | None
) -> bool:
    """Whether this visitor's or operator's file went out with their message of that client id already."""
    whose = f.visitor == visitor if visitor else f.operator_id == operator_id
    carries = select(messages.c.id).where(
        messages.c.file_id == f.id, f.public_id == public_id, whose, messages.c.client_id == client_id
    )
    return session.execute(carries).first() is not None


def _view(file: Any) -> FileView:
    thumb = None if file.thumb is None else (file.width, file.height)
    return FileView(file.public_id, file.name, file.size, file.content_type, thumb)


# ---- finding and deleting --------------------------------------------------------------------------------------------


def find(session: Session, now: datetime, public_id: str) -> Lying:
    """The file with that public id, while a message carries it or may still claim it. Raises NotFound."""
    waits = f.claimed.is_(False) & (f.created_at > now - UNCLAIMED_FOR)
    row = session.execute(
        select(f.name, f.content_type, f.stored, f.thumb).where(f.public_id == public_id, waits | _carried)
    ).first()
    if row is None:
        raise NotFound(_("This file is not there any more."))
    return Lying(**row._mapping)


def sweep_due(now: datetime) -> None:
    """Delete what no message claimed in a day, and what no message carries any more.

    First the bytes, then the row: a process that is killed in between does it again.
    """
    # A day is over for claims before it is over for sweeping: no file goes while a message is about to take it.
    old = f.claimed.is_(False) & (f.created_at < now - UNCLAIMED_FOR - timedelta(minutes=10))
    with db.read() as session:
        due = session.execute(select(f.id, f.stored, f.thumb).where(old | (f.claimed & ~_carried)).limit(500)).all()
    for row in due:
        uploads.drop(row.stored)
        if row.thumb:
            uploads.drop(row.thumb)
    if due:
        db.write(_delete, now, [row.id for row in due])


def _delete(session: Session, now: datetime, file_ids: list[int]) -> None:
    session.execute(delete(ChatFile).where(f.id.in_(file_ids)))
