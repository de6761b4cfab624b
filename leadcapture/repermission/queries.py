"""Reading campaigns: whom one concerns, what came of it, which question a link leads to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from leadcapture.consent.models import Agreement
from leadcapture.consent.queries import granted
from leadcapture.contacts.models import Contact
from leadcapture.errors import NotFound
from leadcapture.mail.models import Email, Suppression
from leadcapture.repermission import rules
from leadcapture.repermission.models import PermissionAsk, PermissionCampaign
from leadcapture.sites.models import Site

ACTIVE = ("running", "paused")


@dataclass(frozen=True)
class Reach:
    """Who holds an older version: how many of them the campaign (still) asks, and how many not, by the reason."""

    concerned: int
    asked_before: int
    paused: int
    not_by_mail: int
    suppressed: int
    unsubscribed: int


@dataclass(frozen=True)
class Results:
    """What came of a campaign so far; `asked` people are those whose mail was made, in all four groups but `stopped`.

    `silent` have not answered yet, `ended` never did and their old consent ended, `stopped` were not mailed: their
    mail was taken back or must not be sent.
    """

    asked: int
    agreed: int
    declined: int
    silent: int
    ended: int
    stopped: int
    waiting: int  # of the quarantine, not asked yet


@dataclass(frozen=True)
class Question:
    """What a link of ours asks: the new statement and, of a contact, the one that holds (`old`, since `since`).

    `answer` is yes or no; `over` where the old consent was withdrawn or ended meanwhile; None while it is open. `ends`
    is when the old one ends without an answer, None where it goes on.
    """

    site_id: int
    language: str
    statement: str
    old: str
    since: datetime | None
    ends: datetime | None
    ground: str
    contact: str | None  # its public id
    answer: str | None
    mailed_at: datetime | None  # handed over to the mail server


def by_public_id(session: Session, site_id: int, public_id: str) -> PermissionCampaign:
    """The site's campaign with that id. Raises NotFound, also for another site's."""
    found = select(PermissionCampaign).where(
        PermissionCampaign.site_id == site_id, PermissionCampaign.public_id == public_id
    )
    campaign = session.scalar(found.execution_options(populate_existing=True))
    if campaign is None:
        raise NotFound("No such campaign.")
    return campaign


def by_id(session: Session, campaign_id: int) -> PermissionCampaign:
    """The campaign with that internal id, which must exist."""
    return session.get_one(PermissionCampaign, campaign_id)


def of_site(session: Session, site_id: int, limit: int = 50) -> Sequence[PermissionCampaign]:
    """The site's newest campaigns, newest first."""
    return session.scalars(
        select(PermissionCampaign)
        .where(PermissionCampaign.site_id == site_id)
        .order_by(PermissionCampaign.id.desc())
        .limit(limit)
    ).all()


def active(session: Session, site_id: int, purpose: str) -> bool:
    """Whether a campaign of the site asks contacts for that purpose now, or is paused."""
    found = select(PermissionCampaign.id).where(
        PermissionCampaign.site_id == site_id,
        PermissionCampaign.purpose == purpose,
        PermissionCampaign.import_id.is_(None),
        PermissionCampaign.state.in_(ACTIVE),
    )
    return session.scalar(found.limit(1)) is not None


def running(session: Session) -> Sequence[int]:
    """The internal ids of all running campaigns, of every site, oldest first."""
    return session.scalars(
        select(PermissionCampaign.id).where(PermissionCampaign.state == "running").order_by(PermissionCampaign.id)
    ).all()


def by_ask(session: Session, public_id: str, *, lock: bool = False) -> PermissionAsk:
    """The question with that id. Raises NotFound when its person was erased."""
    found = select(PermissionAsk).where(PermissionAsk.public_id == public_id)
    asked = session.scalar((found.with_for_update() if lock else found).execution_options(populate_existing=True))
    if asked is None:
        raise NotFound("No such question.")
    return asked


def question(session: Session, public_id: str) -> Question:
    """What the link with that id asks now. Raises NotFound when its person was erased."""
    asked = by_ask(session, public_id)
    campaign = by_id(session, asked.campaign_id)
    said = rules.wordings(campaign.statement)[asked.language]
    contact = session.get(Contact, asked.contact_id) if asked.contact_id is not None else None
    held = [entry for entry in granted(session, contact.id) if entry.purpose == campaign.purpose] if contact else []
    mail = session.scalar(select(Email).where(Email.public_id == asked.email_public_id))
    mailed_at = mail.sent_at if mail else None
    days = campaign.ends_after_days
    return Question(
        site_id=campaign.site_id,
        language=asked.language,
        statement=said.statement,
        old=held[0].statement if held else "",
        since=held[0].at if held else None,
        ends=(mailed_at or asked.asked_at) + timedelta(days=days) if days and asked.asked_at else None,
        ground=campaign.ground,
        contact=contact.public_id if contact else None,
        answer=rules.answer_now(
            asked.answer,
            of_contact=asked.quarantined_id is None,
            held=held[0].statement_version if held else None,
            new=said.version,
        ),
        mailed_at=mailed_at,
    )


def asked_since(session: Session, campaign_id: int, since: datetime) -> int:
    """How many the campaign has asked since then."""
    asked = PermissionAsk.campaign_id == campaign_id, PermissionAsk.asked_at > since
    return session.scalar(select(func.count()).where(*asked)) or 0


def concerned(
    session: Session, now: datetime, campaign: PermissionCampaign, site: Site, language: str
) -> Select[Contact]:
    """The contacts that the campaign has to ask in that language: who holds one of its older versions, may be mailed,
    wants to be, and was not asked for these words before, by this campaign or another."""
    return _holders(campaign, site, language).where(
        ~_asked_before(session, campaign, language), ~_paused(now), _by_mail(), ~_suppressed(), _confirmed()
    )


def reach(session: Session, now: datetime, campaign: PermissionCampaign, site: Site) -> Reach:
    """How many holders of an older version the campaign asks, and how many it leaves alone and why. Who is left alone
    for two reasons counts for the first of: suppressed, unsubscribed, not by mail, paused, asked before."""
    counts = {"unsubscribed": 0, "suppressed": 0, "not_by_mail": 0, "paused": 0, "asked_before": 0, "concerned": 0}
    for language in campaign.statement:
        why = case(
            (_suppressed(), "suppressed"),
            (~_confirmed(), "unsubscribed"),
            (~_by_mail(), "not_by_mail"),
            (_paused(now), "paused"),
            (_asked_before(session, campaign, language), "asked_before"),
            else_="concerned",
        )
        holders = _holders(campaign, site, language).with_only_columns(why.label("why")).subquery()
        for reason, number in session.execute(select(holders.c.why, func.count()).group_by(holders.c.why)):
            counts[reason] += number
    return Reach(**counts)


def results(session: Session, campaign_id: int) -> Results:
    """What came of the campaign so far."""
    rows = session.execute(
        select(PermissionAsk.answer, Email.status, PermissionAsk.email_public_id.is_(None), func.count())
        .outerjoin(Email, Email.public_id == PermissionAsk.email_public_id)
        .where(PermissionAsk.campaign_id == campaign_id)
        .group_by(PermissionAsk.answer, Email.status, PermissionAsk.email_public_id.is_(None))
    ).all()
    counts = {"yes": 0, "no": 0, "silent": 0, "open": 0, "stopped": 0, "waiting": 0}
    for given, status, unasked, number in rows:
        what = given or ("waiting" if unasked else "stopped" if status in ("suppressed", "bounced") else "open")
        counts[what] += number
    asked = counts["yes"] + counts["no"] + counts["silent"] + counts["open"]
    return Results(
        asked, counts["yes"], counts["no"], counts["open"], counts["silent"], counts["stopped"], counts["waiting"]
    )


def ending(session: Session, now: datetime) -> list[int]:
    """The internal ids of the campaigns that have an old consent to end now, because somebody stayed silent."""
    may = select(PermissionCampaign).where(
        PermissionCampaign.ends_after_days.is_not(None), PermissionCampaign.state.in_(("running", "done"))
    )
    return [
        campaign.id
        for campaign in session.scalars(may.order_by(PermissionCampaign.id)).all()
        if session.execute(
            silent_since(campaign.id, rules.silent_before(now, campaign.ends_after_days)).limit(1)
        ).first()
    ]


def silent_since(campaign_id: int, before: datetime) -> Select[int, int | None, str]:
    """The unanswered questions of the campaign to contacts whose mail was handed over before then: internal id of the
    question, of the contact, and the language of the question."""
    return (
        select(PermissionAsk.id, PermissionAsk.contact_id, PermissionAsk.language)
        .join(Email, Email.public_id == PermissionAsk.email_public_id)
        .where(
            PermissionAsk.campaign_id == campaign_id,
            PermissionAsk.answer.is_(None),
            PermissionAsk.contact_id.is_not(None),
            Email.sent_at < before,
        )
        .order_by(PermissionAsk.id)
    )


def _holders(campaign: PermissionCampaign, site: Site, language: str) -> Select[Contact]:
    """Who holds an older version and is asked in that language (see rules.language_for)."""
    spoken = Contact.language == language
    if language == rules.language_for("", campaign.statement, site.language):
        spoken = or_(spoken, Contact.language.not_in(list(campaign.statement)))
    return (
        select(Contact)
        .join(Agreement, and_(Agreement.contact_id == Contact.id, Agreement.purpose == campaign.purpose))
        .where(Contact.site_id == campaign.site_id, Agreement.version.in_(campaign.old_versions), spoken)
    )


def _asked_before(session: Session, campaign: PermissionCampaign, language: str) -> ColumnElement[bool]:
    """Asked by this campaign, or by another one for the same words."""
    words = rules.words_of(campaign.statement[language]["version"])
    others = session.execute(
        select(PermissionCampaign.id, PermissionCampaign.statement).where(
            PermissionCampaign.site_id == campaign.site_id,
            PermissionCampaign.purpose == campaign.purpose,
            PermissionCampaign.id != campaign.id,
        )
    )
    same = [
        and_(PermissionAsk.campaign_id == other, PermissionAsk.language == spoken)
        for other, statement in others
        for spoken, said in statement.items()
        if rules.words_of(said["version"]) == words
    ]
    asked = or_(PermissionAsk.campaign_id == campaign.id, *same)
    return exists().where(PermissionAsk.contact_id == Contact.id, asked)


def _confirmed() -> ColumnElement[bool]:
    return Contact.status == "confirmed"


def _by_mail() -> ColumnElement[bool]:
    return Contact.channel == "mail"


def _paused(now: datetime) -> ColumnElement[bool]:
    # Never NULL: "not paused" must be true of who never paused.
    return and_(Contact.paused_until.is_not(None), Contact.paused_until > now)


def _suppressed() -> ColumnElement[bool]:
    mine = Suppression.site_id == Contact.site_id, Suppression.email_key == Contact.email_key
    return exists().where(*mine)
