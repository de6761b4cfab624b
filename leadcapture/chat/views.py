"""Views of the inbox: the conversations under a filter by the page, how many stand under each, and saved ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, delete, exists, func, or_, select, true
from sqlalchemy.orm import Session

from leadcapture import ids
from leadcapture.chat import filters, held, rules, summaries
from leadcapture.chat.filters import Filter
from leadcapture.chat.models import Conversation, ConversationTag, Mention, Message, SavedView, Tag, Visitor
from leadcapture.errors import Conflict, NotFound
from leadcapture.i18n import gettext as _
from leadcapture.operators.models import Membership, Operator
from leadcapture.sites.models import Site

MOST_VIEWS = 40  # of one site or operator
COUNTED = 1000  # where closed ones count, counting ends here

_open = Conversation.status.in_(rules.OPEN)
_aside = Conversation.snoozed_until.is_not(None)
_WHERE: Mapping[str, ColumnElement[bool]] = {
    "open": and_(_open, ~_aside, ~held.APART),
    "snoozed": and_(_open, _aside, ~held.APART),
    "closed": and_(Conversation.status == rules.CLOSED, ~held.APART),
    "held": held.APART,
    "all": ~held.APART,
}


def condition(which: Filter, operator_id: int) -> ColumnElement[bool]:
    """The filter as a condition on rows of conversations, for the operator who asks."""
    wanted = [_WHERE[which.where]]
    if which.statuses:
        wanted.append(Conversation.status.in_(which.statuses))
    if which.operator == filters.ME:
        wanted.append(Conversation.operator_id == operator_id)
    elif which.operator == filters.NOBODY:
        wanted.append(Conversation.operator_id.is_(None))
    elif which.operator:
        named = select(Operator.id).where(Operator.public_id == which.operator).scalar_subquery()
        wanted.append(Conversation.operator_id == named)
    if which.tag:
        wanted.append(
            Conversation.id.in_(select(ConversationTag.conversation_id).where(ConversationTag.tag == which.tag))
        )
    if which.site:
        wanted.append(Conversation.site_id == select(Site.id).where(Site.key == which.site).scalar_subquery())
    if which.language:
        wanted.append(exists().where(Visitor.id == Conversation.visitor_id, Visitor.language == which.language))
    if which.kind:
        wanted.append(Conversation.kind == which.kind)
    if which.unread:
        wanted.append(
            exists().where(
                Message.conversation_id == Conversation.id,
                Message.seq > Conversation.operator_seen,
                Message.author_kind == "visitor",
            )
        )
    if which.missed:
        wanted.append(Conversation.missed_at.is_not(None))
    if which.rated:
        wanted.append(Conversation.stars.is_not(None))
    if which.mentions:
        wanted.append(_mentioned(operator_id))
    if which.since:
        wanted.append(Conversation.created_at >= which.since)
    if which.until:
        wanted.append(Conversation.created_at < which.until)
    return and_(*wanted)


def _mentioned(operator_id: int, *more: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the operator is named in a note that still stands."""
    notes = select(Message.conversation_id).join(Mention, Mention.message_id == Message.id)
    return Conversation.id.in_(notes.where(Mention.operator_id == operator_id, Message.deleted_at.is_(None), *more))


def page(
    session: Session, site_ids: Sequence[int], operator_id: int, which: Filter, *, before: str | None = None
) -> tuple[list[dict[str, Any]], str | None]:
    """As summaries.page, under any filter: newest activity first, and the cursor of the next page.

    The first page of what is open begins with those who wait, so that nobody who waits stands on a page nobody opened.
    Raises Invalid for a cursor that is not ours.
    """
    mine = condition(which, operator_id)
    found, cursor = summaries.page(session, site_ids, where=mine, before=before)
    if before is not None or which.where != "open" or cursor is None:
        return found, cursor
    waiting = summaries.waiting(session, site_ids, where=mine)
    known = {summary["id"] for summary in found}
    return [summary for summary in waiting if summary["id"] not in known] + found, cursor


# ---- how many --------------------------------------------------------------------------------------------------------


def counts(session: Session, site_ids: Sequence[int], operator_id: int, views: Mapping[str, Filter]) -> dict[str, int]:
    """How many conversations stand under each of these filters, in one statement.

    Where closed ones count too, counting ends at COUNTED. Of mentions those are counted that were not seen,
    of what is held as spam what nobody has decided about.
    """
    mine = Conversation.site_id.in_(site_ids)
    live: dict[str, ColumnElement[bool]] = {}
    long: dict[str, ColumnElement[bool]] = {}
    for name, which in views.items():
        wanted = condition(which, operator_id)
        if which.mentions:
            wanted = and_(wanted, _mentioned(operator_id, Mention.seen_at.is_(None)))
        if which.where == "held":
            wanted = and_(wanted, held.UNDECIDED)
        (long if which.where in ("closed", "held", "all") else live)[name] = wanted
    # One walk over what is open answers all that ask about it; what asks further is counted beside it.
    columns: list[Any] = [
        func.coalesce(func.sum(case((wanted, 1), else_=0)), 0).label(f"n{number}")
        for number, wanted in enumerate(live.values())
    ]
    for number, wanted in enumerate(long.values(), len(live)):
        some = select(Conversation.id).where(mine, wanted).limit(COUNTED).correlate(None).subquery()
        columns.append(select(func.count()).select_from(some).scalar_subquery().label(f"n{number}"))
    row = session.execute(select(func.count(), *columns).select_from(Conversation).where(mine, _open)).one()
    return dict(zip([*live, *long], (int(number) for number in row[1:]), strict=True))


# ---- saved ones ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class View:
    """A saved filter. `mine`: the operator who asks saved it for themselves; else it is everybody's of the site."""

    id: str
    name: str
    filter: Filter
    mine: bool
    site: str

    def wire(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "filter": self.filter.wire(),
            "shared": not self.mine,
            "site": self.site,
        }


def saved(session: Session, site_ids: Sequence[int], operator_id: int) -> list[View]:
    """The views the operator sees on these sites, by name: their own and the shared ones."""
    rows = session.execute(
        select(SavedView, Site.key)
        .join(Site, Site.id == SavedView.site_id)
        .where(SavedView.site_id.in_(site_ids), _visible(operator_id))
        .order_by(func.lower(SavedView.name), SavedView.id)
        .limit(2 * MOST_VIEWS)
    )
    return [_view(row, key) for row, key in rows]


def view(session: Session, site_ids: Sequence[int], operator_id: int, public_id: str) -> Filter:
    """The filter of a built-in view by its name or of a saved one by its id. Raises NotFound."""
    if public_id in filters.BUILT_IN:
        return filters.BUILT_IN[public_id]
    row = session.scalar(
        select(SavedView).where(
            SavedView.public_id == public_id, SavedView.site_id.in_(site_ids), _visible(operator_id)
        )
    )
    if row is None:
        raise NotFound("No such view.")
    return filters.read(row.filter)


def save(
    session: Session, now: datetime, *, operator_id: int, epoch: int, name: str, which: Filter, shared: bool
) -> View:
    """Keep a filter under a name, for the operator or for everybody of the site; of the same name the newer one stays.

    It belongs to the filter's site, or to the operator's first. Raises NotFound (not the operator's site), Conflict.
    """
    site = session.execute(
        select(Site.id, Site.key)
        .join(Membership, Membership.site_id == Site.id)
        .join(Operator, Operator.id == Membership.operator_id)
        .where(Operator.id == operator_id, Operator.session_epoch == epoch)
        .where(Site.key == which.site if which.site else true())
        .order_by(Site.id)
        .limit(1)
        .with_for_update(of=Site)
    ).first()
    if site is None:
        raise NotFound("No such site.")
    whose = SavedView.operator_id.is_(None) if shared else SavedView.operator_id == operator_id
    theirs = and_(SavedView.site_id == site.id, whose)
    session.execute(delete(SavedView).where(theirs, SavedView.name == name))
    if (session.scalar(select(func.count()).select_from(SavedView).where(theirs)) or 0) >= MOST_VIEWS:
        raise Conflict(_("There are %(count)d views already. Delete one first.", count=MOST_VIEWS))
    row = SavedView(
        public_id=ids.new("view"),
        site_id=site.id,
        operator_id=None if shared else operator_id,
        name=name,
        filter=which.wire(),
        created_at=now,
    )
    session.add(row)
    session.flush()
    return _view(row, site.key)


def drop(session: Session, now: datetime, *, operator_id: int, epoch: int, public_id: str) -> None:
    """Delete a view the operator sees: their own, or a shared one of a site of theirs. Raises NotFound."""
    sites = (
        select(Membership.site_id)
        .join(Operator, Operator.id == Membership.operator_id)
        .where(Operator.id == operator_id, Operator.session_epoch == epoch)
    )
    dropped = delete(SavedView).where(
        SavedView.public_id == public_id, SavedView.site_id.in_(sites), _visible(operator_id)
    )
    if session.execute(dropped.returning(SavedView.id)).first() is None:
        raise NotFound("No such view.")


def known_tags(session: Session, site_ids: Sequence[int]) -> dict[str, list[str]]:
    """The tags that have been used on each of these sites (by its key), by name."""
    rows = session.execute(
        select(Site.key, Tag.name)
        .join(Site, Site.id == Tag.site_id)
        .where(Tag.site_id.in_(site_ids))
        .order_by(Tag.name)
    )
    known: dict[str, list[str]] = {}
    for key, name in rows:
        known.setdefault(key, []).append(name)
    return known


def _visible(operator_id: int) -> ColumnElement[bool]:
    return or_(SavedView.operator_id.is_(None), SavedView.operator_id == operator_id)


def _view(row: SavedView, site: str) -> View:
    return View(row.public_id, row.name, filters.read(row.filter), row.operator_id is not None, site)
