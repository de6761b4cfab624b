"""Answers to questions, and what silence comes to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from leadcapture.consent import operations as consent
from leadcapture.consent import queries as agreed
from leadcapture.contacts.models import Contact
from leadcapture.mail.models import Email
from leadcapture.repermission import operations, queries, rules
from leadcapture.repermission.models import PermissionAsk, PermissionCampaign
from leadcapture.repermission.rules import Wording

METHOD = "re_permission"


@dataclass(frozen=True)
class Answered:
    """What an answer came to: `answer` is yes or no as it holds now; None: it was not taken, for the consent had been
    withdrawn, or had ended, meanwhile. `first` is True for the act that made it so."""

    answer: str | None
    first: bool


def answer(
    session: Session, now: datetime, *, ask: str, yes: bool, ip: str | None = None, user_agent: str = ""
) -> Answered:
    """Keep the answer of who holds the link of that question (the public id out of its token).

    The first answer counts and shows the same when it comes again; but a no after a yes is a withdrawal, which is taken
    at any time, while a yes revives nothing that was withdrawn. Raises NotFound when the person was erased.
    """
    contact_id = queries.by_ask(session, ask).contact_id
    # First the person, then the question: who erases a person locks in that order.
    contact = _locked(session, contact_id)
    asked = queries.by_ask(session, ask, lock=True)
    campaign = session.get_one(PermissionCampaign, asked.campaign_id)
    if asked.answer == "silent":
        return Answered(None, first=False)
    if asked.answer == "no" or (asked.answer == "yes" and yes):
        return Answered(asked.answer, first=False)
    said = rules.wordings(campaign.statement)[asked.language]
    if asked.quarantined_id is not None and asked.answer is None:
        found = [hook(session, now, asked.quarantined_id, yes) for hook in operations.on_answered]
        contact = next((one for one in found if one is not None), None)
        asked.contact_id = contact.id if contact else None
    elif yes and (contact is None or not agreed.holds(session, contact.id, campaign.purpose)):
        return Answered(None, first=False)
    asked.answer, asked.answered_at = ("yes" if yes else "no"), now
    session.flush()
    if contact is None:
        return Answered(asked.answer, first=True)
    if yes:
        _grant(session, now, contact, campaign, asked, said, ip, user_agent)
    else:
        consent.withdraw(
            session, now, contact=contact, method=METHOD, purpose=campaign.purpose, ip=ip, user_agent=user_agent
        )
    contact.active_at = now
    session.flush()
    return Answered(asked.answer, first=True)


def _grant(
    session: Session,
    now: datetime,
    contact: Contact,
    campaign: PermissionCampaign,
    asked: PermissionAsk,
    said: Wording,
    ip: str | None,
    user_agent: str,
) -> None:
    mailed = session.scalar(select(Email).where(Email.public_id == asked.email_public_id))
    consent.record(
        session,
        now,
        contact=contact,
        action="grant",
        purpose=campaign.purpose,
        method=METHOD,
        statement=said.statement,
        statement_version=said.version,
        ip=ip,
        user_agent=user_agent,
        email_public_id=asked.email_public_id,
        email_subject=mailed.subject if mailed else "",
        email_text=mailed.text if mailed else "",
        requested_at=asked.asked_at,
    )


def end_silent(session: Session, now: datetime, *, campaign_id: int, limit: int = 100) -> int:
    """End the old consent of those whom the campaign asked and who stayed silent for its days; how many it looked at.

    Only where the question was handed over to their mail server: nobody loses a consent by a mail that never left.
    """
    campaign = queries.by_id(session, campaign_id)
    new = rules.wordings(campaign.statement)
    before = rules.silent_before(now, campaign.ends_after_days)
    due = session.execute(queries.silent_since(campaign_id, before).limit(limit)).all()
    for ask_id, contact_id, language in due:
        contact = _locked(session, contact_id)
        if contact is None or not _close(session, now, ask_id, "silent"):
            continue
        held = {entry.purpose: entry.statement_version for entry in agreed.granted(session, contact.id)}
        # Who agreed to the new words by a form meanwhile was not silent.
        if campaign.purpose in rules.held_otherwise(held, new[language].version):
            consent.withdraw(session, now, contact=contact, method="no_answer", purpose=campaign.purpose)
    return len(due)


def _close(session: Session, now: datetime, ask_id: int, answer: str) -> bool:
    """Put an end to a question nobody answered; False when it was answered this moment."""
    changed = (
        update(PermissionAsk)
        .where(PermissionAsk.id == ask_id, PermissionAsk.answer.is_(None))
        .values(answer=answer, answered_at=now)
        .returning(PermissionAsk.id)
        .execution_options(synchronize_session=False)
    )
    return session.scalar(changed) is not None


def _locked(session: Session, contact_id: int | None) -> Contact | None:
    return session.scalar(
        select(Contact).where(Contact.id == contact_id).with_for_update().execution_options(populate_existing=True)
    )
