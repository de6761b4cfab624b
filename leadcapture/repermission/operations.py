"""Asking again: campaigns are begun, people are asked a few at a time, and their answers are kept.

Two ways lead here. A statement of a form has changed: those who hold an older one are asked for the new one
(`prepare`, `start`). People came without a proof of their consent and an owner attests a lawful ground for one question
each: the slice that keeps them apart hands them over (`ask_quarantined`) and hears of them by the two hook lists.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from leadcapture import addresses, ids
from leadcapture.consent import ledger
from leadcapture.consent import operations as consent
from leadcapture.consent import queries as agreed
from leadcapture.contacts.models import Contact
from leadcapture.errors import Conflict, Invalid, NotFound
from leadcapture.i18n import gettext as _
from leadcapture.mail import operations as mail
from leadcapture.mail.models import Email
from leadcapture.repermission import letters, queries, rules
from leadcapture.repermission.models import PermissionAsk, PermissionCampaign
from leadcapture.repermission.rules import Wording
from leadcapture.sites.models import Site

# Each is called as `hook(session, now, quarantined_id)` in the transaction that mails the question, before it does:
# whether this person may (still) be asked. Who says False is never asked by that campaign.
on_asking: list[Callable[[Session, datetime, int], bool]] = []
# Each is called as `hook(session, now, quarantined_id, yes)` in the transaction that keeps an answer, once for each
# person: for a yes it returns the contact that this person is now, whose consent is then recorded here; else None.
on_answered: list[Callable[[Session, datetime, int, bool], Contact | None]] = []


@dataclass(frozen=True)
class Person:
    """Somebody of the quarantine; `id` is the internal id of their row there."""

    id: int
    email: str
    name: str = ""
    language: str = "en"


# ---- campaigns -------------------------------------------------------------------------------------------------------


def prepare(
    session: Session,
    now: datetime,
    *,
    site: Site,
    operator_id: int | None,
    purpose: str,
    statements: Mapping[str, Wording],
    old_versions: Sequence[str],
    per_hour: int,
    ends_after_days: int | None = None,
) -> PermissionCampaign:
    """A campaign that asks whoever holds one of `old_versions` of the purpose for the new statement; nobody is asked
    before it is started.

    `statements` are by language. Raises Invalid where they say nothing new or a number does not fit.
    """
    _check_numbers(per_hour, ends_after_days)
    old = rules.older(old_versions, (said.version for said in statements.values()))
    if not old or not statements:
        raise Invalid(_("Nobody is concerned: choose at least one older version."))
    return _made(
        session,
        now,
        site,
        operator_id=operator_id,
        purpose=purpose,
        statements=statements,
        old_versions=old,
        per_hour=per_hour,
        ends_after_days=ends_after_days,
        state="draft",
    )


def ask_quarantined(
    session: Session,
    now: datetime,
    *,
    site: Site,
    operator_id: int | None,
    import_id: int,
    purpose: str,
    statements: Mapping[str, Wording],
    ground: str,
    rows: Sequence[Person],
    per_hour: int = 100,
    campaign: str | None = None,
) -> PermissionCampaign:
    """Have these people of the quarantine asked once each, `per_hour` at most; the job does it from now on.

    `ground` is what the owner attested, in words. `campaign`, the public id of one of that import, adds people to it: a
    large import comes in parts. Who is among its people already is passed over. Just before a person is mailed
    `on_asking` is heard, and their answer goes to `on_answered`; this slice records the event re-permission when it
    asks and the consent when the answer is yes.
    Raises Invalid without a ground or a statement, NotFound for a campaign of another site or import.
    """
    if not ground.strip() or not statements:
        raise Invalid(_("Say on what ground these people may be asked."))
    _check_numbers(per_hour, None)
    if campaign is None:
        made = _made(
            session,
            now,
            site,
            operator_id=operator_id,
            purpose=purpose,
            statements=statements,
            old_versions=[],
            per_hour=per_hour,
            ends_after_days=None,
            state="running",
            ground=ground.strip(),
            import_id=import_id,
            started_at=now,
        )
    else:
        made = queries.by_public_id(session, site.id, campaign)
        if made.import_id != import_id:
            raise NotFound("No such campaign.")
        # People who are added to a campaign that had asked all of its own are asked as well.
        session.execute(
            update(PermissionCampaign)
            .where(PermissionCampaign.id == made.id, PermissionCampaign.state == "done")
            .values(state="running", finished_at=None)
        )
    offered = made.statement
    waiting = [
        {
            "public_id": ids.new("permission_ask"),
            "campaign_id": made.id,
            "quarantined_id": person.id,
            "email": person.email,
            "name": person.name,
            "language": rules.language_for(person.language, offered, site.language),
        }
        for person in rows
    ]
    for begin in range(0, len(waiting), 500):
        session.execute(
            _insert(session)
            .values(waiting[begin : begin + 500])
            .on_conflict_do_nothing(index_elements=["campaign_id", "quarantined_id"])
        )
    return made


def change_state(session: Session, now: datetime, *, site: Site, public_id: str, act: str) -> PermissionCampaign:
    """Start, pause, resume or cancel a campaign (`act`, a key of rules.FOLLOWS); the same again changes nothing.

    A cancelled one asks nobody any more and takes back the mails that still wait; answers to the others count.
    Raises NotFound, Conflict where its state does not allow it or another one asks for the same purpose.
    """
    # One at a time of a site, so that two starts do not both find the field empty.
    session.execute(select(Site.id).where(Site.id == site.id).with_for_update(key_share=True))
    campaign = queries.by_public_id(session, site.id, public_id)
    before, after = rules.FOLLOWS[act]
    if campaign.state == after:
        return campaign
    if campaign.state not in before:
        raise Conflict(_("The state of this campaign does not allow it (any more)."))
    if act == "start":
        if queries.active(session, site.id, campaign.purpose):
            raise Conflict(_("Another campaign asks for this purpose: wait for its end, or cancel it."))
        campaign.started_at = now
        campaign.counts = {**campaign.counts, "concerned": queries.reach(session, now, campaign, site).concerned}
    if act == "cancel":
        campaign.finished_at = now
        _take_back(session, campaign.id)
    campaign.state = after
    session.flush()
    return campaign


# ---- asking ----------------------------------------------------------------------------------------------------------


def ask_some(session: Session, now: datetime, *, campaign_id: int, public_url: str, most: int = 50) -> int:
    """Ask the next people of a running campaign, within its number an hour; how many were asked.

    0 says that there is nothing to do now: another worker is at it, the hour is full, or all are asked, which ends the
    campaign.
    """
    campaign = session.scalar(
        select(PermissionCampaign)
        .where(PermissionCampaign.id == campaign_id, PermissionCampaign.state == "running")
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if campaign is None:
        return 0
    site = session.get_one(Site, campaign.site_id)
    limit = rules.room(campaign.per_hour, queries.asked_since(session, campaign_id, now - rules.AN_HOUR), most)
    if limit == 0:
        return 0
    if campaign.import_id is None:
        asked, more = _ask_contacts(session, now, campaign, site, public_url, limit)
    else:
        asked, more = _ask_quarantined(session, now, campaign, site, public_url, limit)
    if not more:
        campaign.state, campaign.finished_at = "done", now
        session.flush()
    return asked


# ---- one step each ---------------------------------------------------------------------------------------------------


def _ask_contacts(
    session: Session, now: datetime, campaign: PermissionCampaign, site: Site, public_url: str, limit: int
) -> tuple[int, bool]:
    """Ask up to so many of those it concerns; how many were asked, and whether any are left."""
    asked = 0
    for language in sorted(campaign.statement):
        concerned = queries.concerned(session, now, campaign, site, language)
        found = concerned.order_by(Contact.id).limit(limit - asked).with_for_update(of=Contact, skip_locked=True)
        # Locked first, then looked at again: what they decided while we waited for nobody counts.
        mine = session.scalars(found.with_only_columns(Contact.id)).all()
        again = concerned.where(Contact.id.in_(mine)).execution_options(populate_existing=True)
        for contact in session.scalars(again.order_by(Contact.id)).all():
            asked += _ask_contact(session, now, campaign, site, contact, language, public_url)
    more = any(
        session.scalar(queries.concerned(session, now, campaign, site, language).with_only_columns(Contact.id).limit(1))
        for language in campaign.statement
    )
    return asked, more


def _ask_contact(
    session: Session,
    now: datetime,
    campaign: PermissionCampaign,
    site: Site,
    contact: Contact,
    language: str,
    public_url: str,
) -> bool:
    ask = ids.new("permission_ask")
    row = {
        "public_id": ask,
        "campaign_id": campaign.id,
        "contact_id": contact.id,
        "language": language,
        "asked_at": now,
    }
    made = _insert(session).values(row).on_conflict_do_nothing(index_elements=["campaign_id", "contact_id"])
    if session.scalar(made.returning(PermissionAsk.id)) is None:
        return False
    held = next(entry for entry in agreed.granted(session, contact.id) if entry.purpose == campaign.purpose)
    said = rules.wordings(campaign.statement)[language]
    email = letters.ask(session, now, letters.of_contact(site, campaign, ask, contact, language, held, public_url, now))
    _mailed(session, ask, email, now)
    if email.status == "suppressed":
        return False
    consent.asked_again(
        session,
        now,
        contact=contact,
        purpose=campaign.purpose,
        version=said.version,
        statement=said.statement,
        email_public_id=email.public_id,
    )
    return True


def _ask_quarantined(
    session: Session, now: datetime, campaign: PermissionCampaign, site: Site, public_url: str, limit: int
) -> tuple[int, bool]:
    """As _ask_contacts, of people who are no contacts. Who may not be asked any more leaves the campaign."""
    if not on_asking:
        return 0, True  # a process without the slice that keeps these people cannot know who may be asked
    waiting = (
        select(PermissionAsk)
        .where(PermissionAsk.campaign_id == campaign.id, PermissionAsk.email_public_id.is_(None))
        .order_by(PermissionAsk.id)
        .limit(limit + 1)
    )
    found = session.scalars(waiting).all()
    asked = 0
    for ask in found[:limit]:
        quarantined = ask.quarantined_id
        if quarantined is None or not all(hook(session, now, quarantined) for hook in on_asking):
            session.delete(ask)
            continue
        said = rules.wordings(campaign.statement)[ask.language]
        email = letters.ask(
            session, now, letters.of_quarantined(site, campaign, ask, addresses.parse(ask.email), public_url, now)
        )
        ask.asked_at = now
        _mailed(session, ask.public_id, email, now)
        if email.status != "suppressed":
            asked += 1
            ledger.append(
                session,
                now,
                site_id=site.id,
                event="re-permission",
                subject=ask.public_id,
                purpose=campaign.purpose,
                version=said.version,
                body={
                    "statement": said.statement,
                    "email": email.public_id,
                    "ground": campaign.ground,
                    "campaign": campaign.public_id,
                },
            )
    session.flush()
    return asked, len(found) > limit


def _mailed(session: Session, ask: str, email: mail.Enqueued, now: datetime) -> None:
    session.execute(
        update(PermissionAsk)
        .where(PermissionAsk.public_id == ask)
        .values(email_public_id=email.public_id, asked_at=now)
        .execution_options(synchronize_session=False)
    )


def _take_back(session: Session, campaign_id: int) -> None:
    asks = select(PermissionAsk.public_id).where(PermissionAsk.campaign_id == campaign_id)
    session.execute(
        update(Email)
        .where(Email.about.in_(asks), Email.status.in_(mail.WAITING))
        .values(status="suppressed", last_answer="Taken back.")
        .execution_options(synchronize_session=False)
    )


def _made(
    session: Session,
    now: datetime,
    site: Site,
    *,
    purpose: str,
    statements: Mapping[str, Wording],
    **columns: Any,
) -> PermissionCampaign:
    main = statements[rules.language_for(site.language, statements, site.language)]
    campaign = PermissionCampaign(
        public_id=ids.new("permission_campaign"),
        site_id=site.id,
        purpose=purpose,
        version=main.version,
        statement={language: said.as_json() for language, said in statements.items()},
        counts={},
        created_at=now,
        **columns,
    )
    session.add(campaign)
    session.flush()
    return campaign


def _check_numbers(per_hour: int, ends_after_days: int | None) -> None:
    problems = {}
    for name, value, (least, most) in (
        ("per_hour", per_hour, rules.PER_HOUR),
        ("ends_after_days", ends_after_days, rules.ENDS_AFTER_DAYS),
    ):
        if value is not None and not least <= value <= most:
            problems[name] = [_("Choose a number from %(least)d to %(most)d.", least=least, most=most)]
    if problems:
        raise Invalid(_("Some settings cannot be used."), fields=problems)


def _insert(session: Session) -> Any:
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    return dialect.insert(PermissionAsk)
