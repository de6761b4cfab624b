"""Reading contests, and the record of one as it is published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from leadcapture import clock
from leadcapture.consent import queries as consent
from leadcapture.contacts.models import Contact
from leadcapture.errors import NotFound
from leadcapture.forms import queries as forms
from leadcapture.forms.kinds.contest import draw, rules
from leadcapture.forms.kinds.contest.models import Contest, Disqualification, Entry, Tally
from leadcapture.forms.models import Form
from leadcapture.sites import queries as sites
from leadcapture.sites.models import Site

PURPOSE = "contest"


@dataclass(frozen=True)
class Drawn:
    """Somebody the draw has named: `prize` is its number in the terms, None for an alternate. The entry and the person
    are None where they have been erased since."""

    rank: int
    index: int
    leaf: str
    prize: int | None
    entry: Entry | None
    contact: Contact | None
    left: bool = False  # has withdrawn the consent to be written to about it


def by_public_id(session: Session, site_id: int, public_id: str) -> tuple[Contest, Form]:
    """The contest of the site's form with that id. Raises NotFound."""
    return _of(session, forms.by_public_id(session, site_id, public_id))


def by_slug(session: Session, key: str, slug: str) -> tuple[Contest, Form, Site]:
    """The contest that everybody may look at under that site's key and form's slug: one that is published, or was when
    it opened. Raises NotFound."""
    site = sites.by_key(session, key)
    contest, form = _of(session, forms.by_slug(session, site.id, slug))
    if not form.published and contest.opened_at is None:
        raise NotFound("No such contest.")
    return contest, form, site


def of_form(session: Session, form_id: int) -> Contest | None:
    """The contest of that form; None when it is a form of another kind."""
    return session.scalar(select(Contest).where(Contest.form_id == form_id))


def _of(session: Session, form: Form) -> tuple[Contest, Form]:
    contest = of_form(session, form.id)
    if contest is None:
        raise NotFound("No such contest.")
    return contest, form


def phase(contest: Contest, form: Form, now: datetime) -> str:
    """How far the contest is, one of rules.PHASES."""
    return rules.phase(
        published=form.published,
        state=contest.state,
        opened=contest.opened_at is not None,
        opens=contest.opens_at,
        closes=contest.closes_at,
        now=now,
    )


def count(session: Session, contest_id: int) -> int:
    """How many addresses take part so far."""
    return session.scalar(select(func.count()).select_from(Entry).where(Entry.contest_id == contest_id)) or 0


def withdrawn(contest_id: int) -> Select[int | None]:
    """The contacts among the entrants who have withdrawn their consent to take part in contests."""
    return select(Entry.contact_id).where(Entry.contest_id == contest_id, consent.withdrew(Entry.contact_id, PURPOSE))


def leaves(session: Session, contest_id: int) -> list[str]:
    """The leaves of all entries in the order of the list."""
    # Sorted here: a database may have its own opinion of what comes first.
    return sorted(session.scalars(select(Entry.leaf).where(Entry.contest_id == contest_id)))


def tree(session: Session, contest_id: int) -> draw.Tree:
    """The tree over all entries."""
    return draw.Tree([bytes.fromhex(leaf) for leaf in leaves(session, contest_id)])


def entry(session: Session, public_id: str) -> tuple[Entry, Contest, Form] | None:
    """The entry with that id, its contest and form; None when it was erased."""
    row = session.execute(
        select(Entry, Contest, Form)
        .join(Contest, Contest.id == Entry.contest_id)
        .join(Form, Form.id == Contest.form_id)
        .where(Entry.public_id == public_id)
    ).first()
    return (row[0], row[1], row[2]) if row else None


def by_address(session: Session, contest_id: int, address: str) -> Entry | None:
    """The entry of that normalised address; None when it takes no part."""
    return session.scalar(select(Entry).where(Entry.contest_id == contest_id, Entry.address == address))


def disqualified(session: Session, contest_id: int) -> Sequence[Disqualification]:
    """Who was disqualified, in the order they went."""
    return session.scalars(
        select(Disqualification).where(Disqualification.contest_id == contest_id).order_by(Disqualification.id)
    ).all()


def tallies(session: Session, contest_id: int) -> Sequence[Tally]:
    """How the number of entries grew, hour by hour."""
    return session.scalars(select(Tally).where(Tally.contest_id == contest_id).order_by(Tally.hour)).all()


def to_open(session: Session, now: datetime) -> Sequence[int]:
    """The published contests whose time has come, and nobody has noted it yet."""
    return session.scalars(
        select(Contest.id)
        .join(Form, Form.id == Contest.form_id)
        .where(
            Contest.opened_at.is_(None),
            Contest.closes_at.is_not(None),
            or_(Contest.opens_at.is_(None), Contest.opens_at <= now),
            Form.published.is_(True),
        )
    ).all()


def to_tally(session: Session, now: datetime) -> Sequence[int]:
    """The open contests whose number of entries has not been noted in this hour."""
    noted = select(Tally.contest_id).where(Tally.hour == rules.hour_of(now))
    return session.scalars(
        select(Contest.id).where(
            Contest.state == "open", Contest.opened_at.is_not(None), Contest.closes_at > now, Contest.id.not_in(noted)
        )
    ).all()


def to_freeze(session: Session, now: datetime) -> Sequence[int]:
    """The contests that have closed and whose list is not frozen yet."""
    return session.scalars(
        select(Contest.id).where(Contest.state == "open", Contest.opened_at.is_not(None), Contest.closes_at <= now)
    ).all()


def to_prove(session: Session, now: datetime) -> Sequence[int]:
    """The frozen contests some of whose entrants have not been mailed their proof."""
    return session.scalars(
        select(Entry.contest_id)
        .join(Contest, Contest.id == Entry.contest_id)
        .where(Contest.state != "open", Entry.proof_at.is_(None))
        .distinct()
    ).all()


def published(session: Session, now: datetime, contest: Contest, form: Form) -> dict[str, Any]:
    """The record of the contest as everybody gets it: what is secret in its state is not in it."""
    state = phase(contest, form, now)
    record: dict[str, Any] = {
        "format": draw.FORMAT,
        "contest": form.public_id,
        "state": state,
        "terms": contest.terms,
        "terms_hash": draw.terms_hash(contest.terms).hex(),
        "commitment": contest.commitment,
        "committed_at": clock.wire(contest.committed_at),
        "count": count(session, contest.id) if contest.count is None else contest.count,
        "growth": [[clock.wire(tally.hour), tally.count] for tally in tallies(session, contest.id)],
    }
    if state in ("closed", "drawn"):
        record |= {
            "closed_at": clock.wire_or_none(contest.closed_at),
            "root": contest.root,
            "entries": leaves(session, contest.id),
        }
    if state == "drawn":
        record |= {
            "drawn_at": clock.wire_or_none(contest.drawn_at),
            "seed": contest.seed,
            "beacon": contest.beacon,
            "disqualified": [
                {"rank": gone.rank, "reason": gone.reason, "at": clock.wire(gone.at)}
                for gone in disqualified(session, contest.id)
            ],
        }
        record |= draw.result(record)
    return record


def entry_record(contest: Contest, form: Form, entered: Entry, proven_by: draw.Tree | None = None) -> dict[str, Any]:
    """What an entrant can show: that this address takes part, and with the tree that it is in the frozen list."""
    record: dict[str, Any] = {
        "format": draw.ENTRY_FORMAT,
        "contest": form.public_id,
        "commitment": contest.commitment,
        "terms_hash": draw.terms_hash(contest.terms).hex(),
        "number": entered.number,
        "confirmed_at": clock.wire(entered.confirmed_at),
        "address": entered.address,
        "salt": entered.salt,
        "leaf": entered.leaf,
    }
    if proven_by is not None:
        index = proven_by.levels[0].index(bytes.fromhex(entered.leaf))
        record |= {
            "count": contest.count,
            "root": contest.root,
            "index": index,
            "path": [node.hex() for node in proven_by.path(index)],
        }
    return record


def people(session: Session, contest: Contest, record: Mapping[str, Any]) -> list[Drawn]:
    """Whom a published record names, winners first, with what is known of them: for the owner's eyes."""
    named = [*record.get("winners", ()), *record.get("alternates", ())]
    found = {
        row[0].leaf: (row[0], row[1])
        for row in session.execute(
            select(Entry, Contact)
            .outerjoin(Contact, Contact.id == Entry.contact_id)
            .where(Entry.leaf.in_([one["leaf"] for one in named]))
        )
    }
    left = set(session.scalars(withdrawn(contest.id))) if named else set()

    def person(one: Mapping[str, Any]) -> Drawn:
        entered, contact = found.get(one["leaf"], (None, None))
        gone = contact is not None and contact.id in left
        return Drawn(one["rank"], one["index"], one["leaf"], one.get("prize"), entered, contact, gone)

    return [person(one) for one in named]


def told_of(session: Session, contact_id: int) -> list[dict[str, Any]]:
    """The contact's entries, oldest first, as they may read them."""
    rows = session.execute(
        select(Entry, Form.title)
        .join(Contest, Contest.id == Entry.contest_id)
        .join(Form, Form.id == Contest.form_id)
        .where(Entry.contact_id == contact_id)
        .order_by(Entry.id)
    )
    return [
        {
            "what": "contest entry",
            "form": title,
            "number": entered.number,
            "confirmed_at": entered.confirmed_at,
            "proof_at": entered.proof_at,
        }
        for entered, title in rows
    ]
