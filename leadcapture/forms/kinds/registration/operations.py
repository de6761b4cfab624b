"""Becoming a member, leaving, being sent away and taken back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from leadcapture import i18n, ids, signing
from leadcapture.addresses import Address
from leadcapture.consent import operations as consent
from leadcapture.contacts.models import Contact
from leadcapture.errors import Conflict, NotFound
from leadcapture.forms import letters
from leadcapture.forms.kinds.registration import queries, rules, wording
from leadcapture.forms.kinds.registration.models import Member
from leadcapture.forms.models import Form
from leadcapture.forms.outcome import Outcome
from leadcapture.i18n import gettext as _
from leadcapture.mail import caps
from leadcapture.mail import operations as mail
from leadcapture.sites.models import Site


def join(session: Session, now: datetime, *, form_id: int, contact_id: int, language: str) -> Member:
    """The contact's membership by that form: a new one with the next number, or the known one. Who had left is back;
    whom the owner has sent away stays away."""
    # One at a time for a form, so that numbers follow one another. Nobody who only refers to the form waits for it.
    session.execute(select(Form.id).where(Form.id == form_id).with_for_update(key_share=True))
    member = session.scalar(
        select(Member)
        .where(Member.form_id == form_id, Member.contact_id == contact_id)
        .execution_options(populate_existing=True)
    )
    if member is None:
        last = session.scalar(select(func.max(Member.number)).where(Member.form_id == form_id))
        member = Member(
            public_id=ids.new("member"),
            form_id=form_id,
            contact_id=contact_id,
            number=(last or 0) + 1,
            since=now,
            ended_by="",
        )
        session.add(member)
    elif member.ended_by == "member":
        member.since, member.ended_at, member.ended_by = now, None, ""
    member.language = language
    session.flush()
    return member


def welcome(session: Session, now: datetime, held: queries.Held, *, first: bool) -> Outcome:
    """Mail the way to the member page, or that there is none any more; returns the same for the page. `first` after
    registering, else because the link was asked for again."""
    return _mail_way(session, now, held, first=first)[0]


def send_link(session: Session, now: datetime, *, site: Site, form: Form, address: Address) -> bool:
    """Mail the member with that address the way to the member page, within the caps of the mailbox; whether a mail was
    made. For who is no member one is written too, and dropped: how long it takes must not tell who is one."""
    held = queries.by_address(session, form.id, address.key)
    stands = held is not None and not held.against
    at = caps.take(session, now, site=site, address=address, confirmation=False, count=stands)
    email = _mail_way(session, now, held or _nobody(now, site, form, address), first=False)[1]
    if stands and at is not None:
        return True
    mail.drop(session, now, email_id=email.id)
    return False


def _mail_way(session: Session, now: datetime, held: queries.Held, *, first: bool) -> tuple[Outcome, mail.Enqueued]:
    with i18n.speaking(held.member.language):
        outcome = wording.welcome(held, page_url(held), first=first)
        email = letters.send(
            session,
            now,
            site=held.site,
            to=Address(typed=held.contact.email, key=held.contact.email_key),
            language=held.member.language,
            outcome=outcome,
            subject=wording.subject(held, first=first),
            why=wording.why(held, first=first),
            contact=held.contact,
            purpose=queries.PURPOSE,
            name=held.contact.name,
            about=held.member.public_id,
        )
    return outcome, email


def _nobody(now: datetime, site: Site, form: Form, address: Address) -> queries.Held:
    """A membership that is nowhere but here."""
    member = Member(public_id=ids.new("member"), number=0, since=now, language=i18n.language(), ended_by="")
    contact = Contact(public_id=ids.new("contact"), email=address.typed, email_key=address.key, name="")
    return queries.Held(member=member, contact=contact, form=form, site=site, agreed=True)


def page_url(held: queries.Held) -> str:
    """The member's own page. Its address is the key."""
    token = signing.sign("member", rules.page_text(held.member.public_id))
    return f"{letters.form_url(held.site, held.form.slug)}/member/{token}"


def proof(held: queries.Held, now: datetime) -> str:
    """A proof of membership that holds for the days the owner has set."""
    days = int(held.form.settings.get("days") or rules.DAYS)
    return signing.sign("member", rules.proof_text(held.member.public_id, now, days))


def leave(session: Session, now: datetime, *, member: str, ip: str | None = None, user_agent: str = "") -> None:
    """The member ends the membership and withdraws the consent to it; again changes nothing. Raises NotFound."""
    held = queries.held(session, member)
    if _end(session, now, held.member.id, "member"):
        consent.withdraw(
            session,
            now,
            contact=held.contact,
            method="preferences",
            purpose=queries.PURPOSE,
            ip=ip,
            user_agent=user_agent,
        )


def end(session: Session, now: datetime, *, form_id: int, member: str) -> None:
    """The owner ends a membership; again changes nothing. Raises NotFound for a member by another form."""
    _end(session, now, _of_form(session, form_id, member).member.id, "owner")


def restore(session: Session, now: datetime, *, form_id: int, member: str) -> None:
    """The owner takes somebody back whom the owner has sent away.

    Raises NotFound, Conflict for somebody who has left: only that person can come back, by registering again.
    """
    held = _of_form(session, form_id, member)
    if held.member.ended_by == "member" or not held.agreed:
        raise Conflict(_("This person has left and can come back only by registering again."))
    session.execute(
        update(Member).where(Member.id == held.member.id, Member.ended_by == "owner").values(ended_at=None, ended_by="")
    )


def forget(session: Session, now: datetime, contact_id: int) -> None:
    """Erase the contact's memberships."""
    session.execute(delete(Member).where(Member.contact_id == contact_id))


def _end(session: Session, now: datetime, member_id: int, by: str) -> bool:
    ended = session.scalar(
        update(Member)
        .where(Member.id == member_id, Member.ended_by == "")
        .values(ended_at=now, ended_by=by)
        .returning(Member.id)
        .execution_options(synchronize_session=False)
    )
    return ended is not None


def _of_form(session: Session, form_id: int, member: str) -> queries.Held:
    held = queries.held(session, member)
    if held.form.id != form_id:
        raise NotFound("No such member.")
    return held
