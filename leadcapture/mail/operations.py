"""Writing the outbox: putting mails in, taking them back, and what people decide about them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, bindparam, case, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from leadcapture import i18n, ids, signing
from leadcapture.addresses import Address
from leadcapture.errors import Conflict, NotFound
from leadcapture.i18n import gettext as _
from leadcapture.mail import naming, rendering, rules, transports
from leadcapture.mail.models import Email, Suppression
from leadcapture.prepared import Prepared, inserted
from leadcapture.sites.models import Site
from leadcapture.sites.rules import text_on

WAITING = ("queued", "deferred")
WITHDRAWN = "Not sent: the consent it rests on holds no more."

# What else must know of a mail that was handed over; called in the same transaction with its row as `email`.
on_sent: list[Callable[..., None]] = []

# What else must know of a suppressed address; called in the same transaction with site_id and email_key.
on_suppressed: list[Callable[..., None]] = []

# Whether a mail that rests on a consent may still go, asked right before it is handed over: callables of
# (session, now, mail) that answer "yes", "no", or the moment until which it waits. The strictest answer counts.
Answer = Literal["yes", "no"] | datetime
wanted: list[Callable[[Session, datetime, Email], Answer]] = []


_emails: Any = Email.__table__

# Made once, for these run with every form that is sent. Whether the address is suppressed is looked up by the insertion
# itself.
_is_suppressed = (
    select(Suppression.id)
    .where(Suppression.site_id == bindparam("of_site"), Suppression.email_key == bindparam("of_address"))
    .exists()
)
_given = inserted(
    _emails,
    *("public_id", "site_id", "name", "language", "to_email", "to_key", "to_name", "from_email", "from_name"),
    *("reply_to", "subject", "text", "html", "headers", "attachments", "message_id", "about", "attempts", "contact"),
    *("purpose", "due_at", "data_begun", "created_at"),
)
_added = Prepared(
    insert(_emails)
    .values(**_given, status=case((_is_suppressed, "suppressed"), else_="queued"))
    .returning(_emails.c.id, _emails.c.status)
)
_dropped = Prepared(delete(_emails).where(_emails.c.id == bindparam("of_id")))
_planned = Prepared(
    delete(_emails).where(
        _emails.c.about == bindparam("of_thing"), _emails.c.status == "queued", _emails.c.due_at > bindparam("after")
    )
)


@dataclass(frozen=True)
class Attachment:
    """A text file that goes with a mail; `content_type` as in the header: `text/calendar; method=REQUEST`."""

    filename: str
    content_type: str
    content: str


@dataclass(frozen=True, kw_only=True)
class Enqueued:
    """What was put into the outbox, as its row says; see Email."""

    id: int
    public_id: str
    site_id: int
    name: str
    language: str
    to_email: str
    to_key: str
    to_name: str
    from_email: str
    from_name: str
    reply_to: str | None
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    attachments: list[dict[str, str]] | None
    message_id: str
    about: str | None
    contact: str | None
    purpose: str | None
    status: str  # queued; or suppressed, where the address must not be mailed
    attempts: int
    due_at: datetime
    data_begun: bool
    created_at: datetime


def enqueue(
    session: Session,
    now: datetime,
    *,
    site: Site,
    name: str,
    to: Address,
    language: str,
    values: Mapping[str, Any],
    to_name: str = "",
    reply_to: str | None = None,
    headers: Mapping[str, str] | None = None,
    unsubscribe_url: str | None = None,
    about: str | None = None,
    attachments: Sequence[Attachment] = (),
    contact: str | None = None,
    purpose: str | None = None,
    due_at: datetime | None = None,
) -> Enqueued:
    """Put the mail `templates/mail/NAME` into the outbox, rendered now and for good.

    Where the address must not be mailed it is kept as `suppressed`. `unsubscribe_url` adds the footer link and the
    headers of RFC 8058; `about` ties the mail to something that may be forgotten later (`forget`). `contact` (a public
    id) says whose it is, and `purpose` on which consent of theirs it rests: once that is withdrawn it is not sent. It
    goes at `due_at`, else at once. Every template has `site_name`, `accent`, `accent_text`, `privacy_url`, `web_url`,
    `unsubscribe_url`, `to_email`, `language` and `dir` beside `values`.
    Raises LeadCaptureError with code "unresolved_field" when the template asks for more than `values` has.
    """
    public_id = ids.new("email")
    language = i18n.best(language, site.language)
    rendered = rendering.render(
        name,
        language=language,
        values={
            "site_name": rules.one_line(site.name, 120),
            "accent": site.accent,
            "accent_text": text_on(site.accent),
            "privacy_url": site.privacy_url or "",
            "unsubscribe_url": unsubscribe_url or "",
            "web_url": f"{transports.public_url()}/mail/{signing.sign('mail', public_id)}",
            "to_email": to.typed,
            **values,
        },
    )
    sender = site.sender_email or rules.fallback_sender(transports.public_url())
    row: dict[str, Any] = {
        "public_id": public_id,
        "site_id": site.id,
        "name": name,
        "language": language,
        "to_email": to.typed,
        "to_key": to.key,
        "to_name": rules.one_line(to_name, 120),
        "from_email": sender,
        "from_name": rules.one_line(site.sender_name or site.name, 120),
        "reply_to": reply_to or _person_of(site),
        "subject": rendered.subject,
        "text": rendered.text,
        "html": rendered.html,
        "headers": _headers(headers, unsubscribe_url),
        "attachments": [asdict(attachment) for attachment in attachments] or None,
        "message_id": f"<{public_id.removeprefix('eml_')}@{rules.ascii_address(sender).rpartition('@')[2]}>",
        "about": about,
        "attempts": 0,
        "contact": contact,
        "purpose": purpose,
        "due_at": due_at or now,
        "data_begun": False,
        "created_at": now,
    }
    asked = {"of_site": site.id, "of_address": to.key}
    ((email_id, status),) = _added.rows(session, row | asked)
    named = (rendered.text, rendered.html, rendered.subject, reply_to, *(headers or {}).values())
    naming.note(session, email_id, named, but_for=naming.marks_of(to))
    return Enqueued(id=email_id, status=status, **row)


def suppress(session: Session, now: datetime, *, site_id: int, email_key: str, reason: str) -> None:
    """Never mail this address for this site again (`reason`: bounce, complaint, erasure); what waits is stopped."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(
        dialect.insert(Suppression)
        .values(site_id=site_id, email_key=email_key, reason=reason, created_at=now)
        .on_conflict_do_nothing(index_elements=["site_id", "email_key"])
    )
    session.execute(
        update(Email)
        .where(Email.site_id == site_id, Email.to_key == email_key, Email.status.in_(WAITING))
        .values(status="suppressed")
    )
    for react in on_suppressed:
        react(session, now, site_id=site_id, email_key=email_key)


def stop_resting_on(session: Session, now: datetime, *, contact: str, purposes: Collection[str]) -> int:
    """The contact (a public id) has withdrawn these purposes: what rests on them and is not handed over yet never will
    be. Returns how many mails that stopped."""
    not_begun = Email.status.in_(WAITING) | ((Email.status == "sending") & Email.data_begun.is_(False))
    stopped = session.scalars(
        update(Email)
        .where(Email.contact == contact, Email.purpose.in_(purposes), not_begun)
        .values(status="suppressed", claimed_by=None, last_answer=WITHDRAWN)
        .returning(Email.id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(stopped)


def still_wanted(session: Session, now: datetime, email: Email) -> Answer:
    """Whether the mail may be handed over now, or until when it waits; what rests on no consent always may."""
    if email.purpose is None:
        return "yes"
    answers = [ask(session, now, email) for ask in wanted]
    if "no" in answers:
        return "no"
    return max((answer for answer in answers if isinstance(answer, datetime)), default="yes")


def end_wait(session: Session, now: datetime, *, contact: str) -> None:
    """The contact (a public id) waits for nothing any more: their mails that were put off are due."""
    session.execute(
        update(Email)
        .where(Email.contact == contact, Email.purpose.is_not(None), Email.status == "deferred", Email.due_at > now)
        .values(due_at=now)
    )


def readdress(session: Session, now: datetime, *, contact: str, to: Address) -> None:
    """Send what waits for the contact (a public id) to their new address."""
    theirs = Email.contact == contact, Email.status.in_(WAITING)
    for mail in session.execute(select(Email.id, Email.text, Email.html, Email.subject).where(*theirs)).all():
        naming.note(session, mail.id, mail[1:], but_for=naming.named_by(session, mail.id))  # as it named its receiver
    session.execute(
        update(Email)
        .where(*theirs)
        .values(to_email=to.typed, to_key=to.key)
        .execution_options(synchronize_session=False)
    )


def retry(session: Session, now: datetime, *, site_id: int, public_id: str) -> None:
    """Send once more, because a person says so: the only way out of `failed`, `bounced` and `ambiguous`.

    Raises NotFound for a mail of another site, Conflict where the mail needs no retry (sent, suppressed, being sent).
    """
    _change(
        session,
        site_id,
        public_id,
        # A mail whose text is no longer kept has nothing to say.
        Email.status.in_(("deferred", "failed", "bounced", "ambiguous")) & (Email.html != ""),
        status="queued",
        due_at=now,
        attempts=0,
        data_begun=False,
    )


def cancel(session: Session, now: datetime, *, site_id: int, public_id: str) -> None:
    """Take a mail that still waits out of the queue. Raises NotFound, or Conflict where it does not wait (any more)."""
    _change(
        session, site_id, public_id, Email.status.in_(WAITING), status="failed", last_answer="Cancelled.", due_at=now
    )


def drop(session: Session, now: datetime, *, email_id: int) -> None:
    """Drop that mail, which is not on its way yet."""
    _dropped.run(session, {"of_id": email_id})


def drop_planned(session: Session, now: datetime, *, about: str) -> None:
    """Drop the mails about it that were to go later: nobody needs them any more."""
    _planned.run(session, {"of_thing": about, "after": now})


def forget(session: Session, now: datetime, *, about: list[str]) -> None:
    """Erase every mail about these things, in whatever state."""
    session.execute(delete(Email).where(Email.about.in_(about)))


def _change(session: Session, site_id: int, public_id: str, allowed: ColumnElement[bool], **values: Any) -> None:
    mine = (Email.site_id == site_id, Email.public_id == public_id)
    if session.scalar(update(Email).where(*mine, allowed).values(**values).returning(Email.id)) is None:
        if session.scalar(select(Email.id).where(*mine)) is None:
            raise NotFound("No such mail.")
        raise Conflict(_("The state of this mail does not allow it."))


def _person_of(site: Site) -> str | None:
    # Whoever answers a mail shall reach a person: the verified recipient of questions, else the site's own sender.
    return site.recipient_email if site.recipient_verified_at else site.sender_email


def _headers(given: Mapping[str, str] | None, unsubscribe_url: str | None) -> dict[str, str]:
    headers = {"Auto-Submitted": "auto-generated"}
    if unsubscribe_url:
        headers["List-Unsubscribe"] = f"<{unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    headers.update({rules.one_line(name, 60): rules.one_line(value, 900) for name, value in (given or {}).items()})
    return headers
