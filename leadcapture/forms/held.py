"""Submissions that look like spam wait for a person's decision: nobody is mailed and nothing happens until then, and
who sent one sees what everybody sees. Releasing one is in `releasing`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from leadcapture.chat.models import Visitor
from leadcapture.errors import NotFound
from leadcapture.forms.kind import Effects, Filled
from leadcapture.forms.models import Form, Submission
from leadcapture.forms.queries import Known
from leadcapture.guard import door
from leadcapture.optin import operations as optin
from leadcapture.optin.models import Confirmation
from leadcapture.prepared import Prepared
from leadcapture.sites import protection
from leadcapture.sites.models import Site
from leadcapture.spam import operations as spam
from leadcapture.spam import queries as spam_queries
from leadcapture.spam.rules import REPEATED_FROM, Given

HELD = "held"
LATELY = timedelta(days=1)  # how far back, and
OTHERS = 30  # over how many submissions, the same text is looked for
PAGE = 50

_submissions: Any = Submission.__table__
_visitors: Any = Visitor.__table__
_confirmations: Any = Confirmation.__table__
_SIGNED_IN = Prepared(
    select(_visitors.c.id).where(_visitors.c.public_id == bindparam("visitor"), _visitors.c.user_id.is_not(None))
)
_RECENT = Prepared(
    select(_submissions.c.data, _submissions.c.created_at)
    .where(_submissions.c.site_id == bindparam("site"), _submissions.c.email_key != bindparam("email_key"))
    .order_by(_submissions.c.id.desc())
    .limit(OTHERS)
)
_STATE = Prepared(
    select(_submissions.c.status, _submissions.c.result, _confirmations.c.status.label("waits"))
    .select_from(_submissions)
    .outerjoin(_confirmations, _confirmations.c.id == _submissions.c.confirmation_id)
    .where(_submissions.c.public_id == bindparam("submission"))
)
_HOLD = Prepared(
    update(_submissions)
    .where(_submissions.c.id == bindparam("stored"))
    .values(
        status=HELD,
        held_at=bindparam("now"),
        held_why=bindparam("why", type_=_submissions.c.held_why.type),
        confirmation_id=bindparam("confirmation"),
    )
)


# True of all that are held: by these words the database knows which index has those alone.
_IS_HELD = Submission.held_at.is_not(None)


# ---- holding ---------------------------------------------------------------------------------------------------------


def judge(
    session: Session,
    now: datetime,
    *,
    stored: int,
    filled: Filled,
    known: Known,
    noted: Sequence[str],
    effects: Effects,
    days: int,
) -> bool:
    """Hold the submission stored under that internal id where it looks like spam; whether it is held.

    `known` is what is known of the address, `noted` what the door says of it (guard.door): a disposable address that
    the owner wants held is, whatever it says. Nobody is held whose address is a contact's, or whom the host site has
    signed in.
    """
    wanted = protection.of(filled.site)
    reasons = [door.DISPOSABLE] if door.DISPOSABLE in noted else []
    if wanted.hold_spam and not (known.confirmed or _signed_in(session, effects.visitor)):
        verdict = spam_queries.judge(session, filled.site.id, _given(session, now, filled, noted))
        if verdict.score >= wanted.spam_threshold:
            reasons = list(dict.fromkeys([*reasons, *verdict.reasons]))
    if not reasons:
        return False
    # The confirmation that a panel asks about is there, as for everybody; no mail carries it, so no code is right.
    confirmation = optin.begin_unmailed(session, now, site=filled.site, address=filled.address, days=days)
    why = {"why": reasons, "visitor": effects.visitor, "conversation": effects.conversation}
    _HOLD.run(session, {"stored": stored, "now": now, "why": why, "confirmation": confirmation.id})
    return True


def shown(session: Session, public_id: str) -> tuple[str, dict[str, Any] | None]:
    """How far a submission is, as its sender is told, and what is shown once it is confirmed: a held one looks like any
    other that nobody has confirmed."""
    status, result, waits = _STATE.row(session, {"submission": public_id}) or ("expired", None, None)
    return ("pending" if waits == "pending" else "expired") if status == HELD else status, result


def text_of(data: Mapping[str, Any]) -> str:
    """What somebody wrote into a form: its texts, one after the other."""
    return "\n".join(_texts(data))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _given(session: Session, now: datetime, filled: Filled, noted: Sequence[str]) -> Given:
    return Given(
        text=text_of(filled.data),
        name=filled.name,
        own=own_hosts(filled.site),
        fast=door.FAST in noted,
        unproven=door.UNPROVEN in noted,
        disposable=door.DISPOSABLE in noted,
        repeated=_repeated(session, now, filled),
    )


def own_hosts(site: Site) -> frozenset[str]:
    """The hosts of the site's own pages: to link to them is nothing."""
    found = (urlsplit(origin).netloc.partition(":")[0] for origin in site.allowed_origins)
    return frozenset(host.removeprefix("*.").removeprefix("www.") for host in found if host)


def _signed_in(session: Session, visitor: str | None) -> bool:
    return visitor is not None and _SIGNED_IN.row(session, {"visitor": visitor}) is not None


def _repeated(session: Session, now: datetime, filled: Filled) -> int:
    """How many others of late have sent the same text to the site."""
    text = " ".join(text_of(filled.data).split())
    if len(text) < REPEATED_FROM:
        return 0
    recent = _RECENT.rows(session, {"site": filled.site.id, "email_key": filled.address.key})
    return sum(at > now - LATELY and " ".join(text_of(data).split()) == text for data, at in recent)


# ---- deciding --------------------------------------------------------------------------------------------------------


def mark(session: Session, now: datetime, *, site_id: int, public_id: str) -> None:
    """It is spam: it stays held until the site's days are over, and its words are learned. Again, it changes nothing.

    So that the words that everybody uses do not come to speak for spam, what was confirmed last and not yet learned is
    learned beside it. Raises NotFound for what is not held.
    """
    sent = locked(session, site_id, public_id)
    if sent.spam:
        return
    sent.spam = True
    spam.teach(session, now, site_id=site_id, text=text_of(sent.data), spam=True)
    good = session.scalar(
        select(Submission)
        .where(Submission.site_id == site_id, Submission.status == "confirmed", Submission.spam.is_(None))
        .order_by(Submission.id.desc())
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if good is not None:
        good.spam = False
        spam.teach(session, now, site_id=site_id, text=text_of(good.data), spam=False)
    session.flush()


def unmark(session: Session, now: datetime, *, site_id: int, public_id: str) -> None:
    """It is not decided after all: it waits as before, and what it taught is taken back. Raises NotFound."""
    sent = locked(session, site_id, public_id)
    if sent.spam:
        spam.unteach(session, now, site_id=site_id, text=text_of(sent.data), spam=True)
    sent.spam = None
    session.flush()


def locked(session: Session, site_id: int, public_id: str) -> Submission:
    """The site's held submission with that id, locked. Raises NotFound, also for one that is released or erased."""
    sent = session.scalar(
        select(Submission)
        .where(Submission.site_id == site_id, Submission.public_id == public_id, Submission.status == HELD)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if sent is None:
        raise NotFound("No such submission is held.")
    return sent


# ---- reading ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Held:
    """A held submission as an operator reviews it; `why` are codes (see spam.rules.SIGNALS)."""

    id: int
    public_id: str
    form_title: str
    at: datetime
    email: str
    name: str
    phone: str
    text: str
    page_url: str
    why: list[str]


def waiting(session: Session, site_id: int, *, after_id: int = 0) -> tuple[list[Held], int | None]:
    """What waits for a decision, oldest first, PAGE at a time, and the id to ask the next page after (None: no
    more)."""
    wanted = _of_site(site_id).where(Submission.spam.is_(None), Submission.id > after_id).order_by(Submission.id)
    rows = session.execute(wanted.limit(PAGE + 1)).all()
    found = [_held(sent, title) for sent, title in rows[:PAGE]]
    return found, found[-1].id if len(rows) > PAGE else None


def marked(session: Session, site_id: int) -> list[Held]:
    """What somebody said is spam and is not erased yet: the newest PAGE."""
    rows = session.execute(
        _of_site(site_id).where(Submission.spam.is_(True)).order_by(Submission.id.desc()).limit(PAGE)
    )
    return [_held(sent, title) for sent, title in rows]


def count(session: Session, site_id: int) -> int:
    """How many submissions of the site wait for a decision."""
    undecided = select(func.count()).where(
        Submission.site_id == site_id, _IS_HELD, Submission.status == HELD, Submission.spam.is_(None)
    )
    return session.scalar(undecided) or 0


def _of_site(site_id: int) -> Any:
    return (
        select(Submission, Form.title)
        .join(Form, Form.id == Submission.form_id)
        .where(Submission.site_id == site_id, _IS_HELD, Submission.status == HELD)
    )


def _held(sent: Submission, title: str) -> Held:
    return Held(
        id=sent.id,
        public_id=sent.public_id,
        form_title=title,
        at=sent.created_at,
        email=sent.email,
        name=sent.name,
        phone=sent.phone,
        text=text_of(sent.data),
        page_url=sent.page_url,
        why=list((sent.held_why or {}).get("why", [])),
    )
