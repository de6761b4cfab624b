"""The funnel: what a visitor sends becomes a pending submission, and by a confirmation a contact with proof of consent.

`checking.check` validates outside a transaction; `accept`, `resend` and the two ways to confirm are operations for
db.write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from leadcapture import i18n, ids, signing
from leadcapture.addresses import Address
from leadcapture.chat.models import Conversation
from leadcapture.consent import operations as consent
from leadcapture.errors import Invalid
from leadcapture.forms import challenge, granting, held, kinds, letters, queries, rules
from leadcapture.forms.checking import Checked
from leadcapture.forms.kind import Effects, Filled
from leadcapture.forms.models import Form, Submission
from leadcapture.forms.queries import Known
from leadcapture.i18n import gettext as _
from leadcapture.optin import operations as optin
from leadcapture.optin.models import Confirmation
from leadcapture.prepared import Prepared, inserted
from leadcapture.sites import queries as sites
from leadcapture.sites.models import Site

_submissions: Any = Submission.__table__
_conversations: Any = Conversation.__table__
_STORE = Prepared(
    lambda insert: (
        insert(_submissions)
        .values(
            inserted(
                _submissions,
                *("public_id", "site_id", "form_id", "form_version", "status", "email", "email_key", "name", "phone"),
                *("language", "data", "consents", "page_url", "ip", "user_agent", "created_at"),
            )
        )
        .on_conflict_do_nothing(index_elements=["public_id"])
        .returning(_submissions.c.id)
    )
)
_thread = select(_conversations.c.id).where(_conversations.c.public_id == bindparam("conversation"))
_ASKED = Prepared(
    update(_submissions)
    .where(_submissions.c.id == bindparam("stored"))
    .values(confirmation_id=bindparam("confirmation"), conversation_id=_thread.scalar_subquery())
)
_CONFIRM = Prepared(
    update(_submissions)
    .where(_submissions.c.id == bindparam("stored"))
    .values(
        status="confirmed",
        confirmed_at=bindparam("now"),
        contact_id=bindparam("contact"),
        result=bindparam("told", type_=_submissions.c.result.type),
    )
)


@dataclass(frozen=True)
class Evidence:
    """Where a submission came from. `once` is the page's random mark of this one filling, which sent again is the same
    submission; nothing when the page has none. `signals` are what the door noted of it (guard.door)."""

    page_url: str = ""
    ip: str | None = None
    user_agent: str = ""
    once: str = ""
    signals: tuple[str, ...] = ()


@dataclass(frozen=True)
class MailSettings:
    """What the operations need to know to write confirmation mails: links begin with `public_url` and work for
    `days`."""

    public_url: str
    days: int


@dataclass(frozen=True)
class Confirmed:
    """A confirmed submission: what to show, the public id of its contact (None where that was erased), and the
    conversations whose change the edge makes known."""

    site: Site
    result: dict[str, Any]
    contact: str | None
    conversations: list[str] = field(default_factory=list)


def sent_message(email: str, days: int) -> str:
    """What a visitor reads once the form is stored, in the language of the moment."""
    return i18n.ngettext(
        "We've sent a link to %(email)s. It works for %(num)d day.",
        "We've sent a link to %(email)s. It works for %(num)d days.",
        days,
        email=email,
    )


def again_message() -> str:
    """What whoever asks for the mail again reads, whether or not there is one to send."""
    return _("We send it again. An address gets at most one such mail an hour.")


def accept(
    session: Session,
    now: datetime,
    checked: Checked,
    evidence: Evidence,
    *,
    mails: MailSettings,
    conversation: str | None = None,
    visitor: str | None = None,
    proof: challenge.Solved | None = None,
) -> tuple[str, list[str]]:
    """Store the submission as pending and ask for the confirmation of its address, in one go; one that looks like spam
    is held instead (see held.judge).

    Returns its public id, and the conversations that changed. What was stored before under the same `once` is left
    alone. Raises Invalid with code "challenge" for a proof of work that was spent before.
    """
    session.flush()  # prepared statements, here and in what is called, see nothing that is pending
    public_id = _public_id(checked, evidence.once)
    stored = _store(session, now, checked, evidence, public_id)
    if stored is None:
        return public_id, []
    if proof is not None:
        challenge.spend(session, now, proof)
    form, site = checked.form, checked.site
    effects = Effects(conversation=conversation, visitor=visitor, public_url=mails.public_url)
    filled = Filled(
        public_id=public_id,
        site=site,
        form_id=form.id,
        form_public_id=form.public_id,
        form_slug=form.slug,
        settings=checked.settings,
        address=checked.address,
        name=checked.name,
        phone=checked.phone,
        language=checked.language,
        data=checked.data,
        purposes=frozenset(agreed["purpose"] for agreed in checked.consents),
        page_url=evidence.page_url,
        submitted_at=now,
    )
    known = queries.known(session, site.id, checked.address.key)
    asking = partial(
        ask,
        session,
        now,
        stored=stored,
        filled=filled,
        form=form,
        known=known,
        consents=checked.consents,
        effects=effects,
        mails=mails,
    )
    if held.judge(
        session,
        now,
        stored=stored,
        filled=filled,
        known=known,
        noted=evidence.signals,
        effects=effects,
        days=mails.days,
    ):
        # Done and undone: a contact's words are never held, and how long an answer takes must not tell who is one.
        with session.begin_nested() as undone:
            asking()
            undone.rollback()
        conversations = []
    else:
        conversations = asking()
    # Last, for all who write to the site's ledger wait for one another.
    consent.requested(
        session,
        now,
        site_id=site.id,
        submission=public_id,
        email=checked.address.typed,
        statements=checked.consents,
        form_slug=form.slug,
        form_version=checked.version,
        language=checked.language,
        page_url=evidence.page_url,
        ip=evidence.ip,
        user_agent=evidence.user_agent,
    )
    return public_id, conversations


def ask(
    session: Session,
    now: datetime,
    *,
    stored: int,
    filled: Filled,
    form: Form,
    known: Known,
    consents: list[dict[str, str]],
    effects: Effects,
    mails: MailSettings,
) -> list[str]:
    """What follows where nothing is held: the first effects of the form's kind, and the confirmation of the address, of
    which that is `known`, is asked for. Returns the conversations that changed."""
    with i18n.speaking(filled.language):
        kinds.by_name(form.kind).on_accepted(session, now, filled, effects)
    session.flush()
    confirmation = optin.request(
        session,
        now,
        site=filled.site,
        address=filled.address,
        language=filled.language,
        name=filled.name,
        values=_mail_values(form, filled.site, known, filled.language, consents, mails),
        public_url=mails.public_url,
        days=mails.days,
    )
    _ASKED.run(session, {"stored": stored, "confirmation": confirmation.id, "conversation": effects.conversation})
    return effects.conversations


def resend(session: Session, now: datetime, *, submission: str, mails: MailSettings) -> bool:
    """Mail the confirmation of a pending submission once more; whether a mail is on its way. What is confirmed or
    purged is left alone, and for what is held the mail is written in vain."""
    sent = queries.submission(session, submission)
    if sent is None or sent.status not in ("pending", held.HELD) or sent.confirmation_id is None:
        return False
    site, form = sites.by_id(session, sent.site_id), queries.form_of(session, sent)
    confirmation = session.get_one(Confirmation, sent.confirmation_id)
    return optin.resend(
        session,
        now,
        public_id=confirmation.public_id,
        site=site,
        language=sent.language,
        name=sent.name,
        values=_mail_values(
            form, site, queries.known(session, site.id, sent.email_key), sent.language, sent.consents, mails
        ),
        public_url=mails.public_url,
        days=mails.days,
        in_vain=sent.status == held.HELD,
    )


def confirm(session: Session, now: datetime, *, confirmation: str) -> Confirmed:
    """Confirm by the button of the mailed link; again, or fifty at once, is the same success.

    Raises optin's Expired, NotFound.
    """
    return _confirmed(session, now, optin.redeem(session, now, public_id=confirmation))


def confirm_by_code(session: Session, now: datetime, *, submission: str, code: str) -> Confirmed | Invalid:
    """Confirm by the code of the mail. A refusal is returned, not raised, for its try must be counted.

    Raises NotFound.
    """
    confirmation = queries.confirmation_of(session, submission)
    if confirmation is None:
        return Invalid(_("This code has expired."), code="expired")
    return confirm_by_code_of(session, now, confirmation=confirmation, code=code)


def confirm_by_code_of(session: Session, now: datetime, *, confirmation: str, code: str) -> Confirmed | Invalid:
    """As confirm_by_code, for who holds the link of the mail. Raises NotFound."""
    outcome = optin.redeem_code(session, now, public_id=confirmation, code=code)
    return outcome if isinstance(outcome, Invalid) else _confirmed(session, now, outcome)


def _public_id(checked: Checked, once: str) -> str:
    if not rules.valid_once(once):
        return ids.new("submission")
    # Only who knows the page's random mark gets to the same id, and only with the same form and address.
    digest = signing.digest("once", f"{checked.form.id}\0{checked.address.key}\0{once}")
    return f"{ids.PREFIXES['submission']}_{digest[:24]}"


def _store(session: Session, now: datetime, checked: Checked, evidence: Evidence, public_id: str) -> int | None:
    """Insert the submission; its internal id, None when it is there already."""
    values = {
        "public_id": public_id,
        "site_id": checked.site.id,
        "form_id": checked.form.id,
        "form_version": checked.version,
        "status": "pending",
        "email": checked.address.typed,
        "email_key": checked.address.key,
        "name": checked.name,
        "phone": checked.phone,
        "language": checked.language,
        "data": checked.data,
        "consents": checked.consents,
        "page_url": evidence.page_url,
        "ip": evidence.ip,
        "user_agent": evidence.user_agent,
        "created_at": now,
    }
    stored: int | None = _STORE.scalar(session, values)
    return stored


def _mail_values(
    form: Form,
    site: Site,
    known: Known,
    language: str,
    consents: list[dict[str, str]],
    mails: MailSettings,
) -> dict[str, Any]:
    """What the mail says of the form; to who is confirmed already, also where to change settings."""
    with i18n.speaking(language):
        title = kinds.by_name(form.kind).text("title", form.settings, site.name)
    # Signed for whoever it is, so that an answer takes as long for one as for another.
    preferences = f"{mails.public_url}/preferences/{signing.sign('preferences', known.contact)}"
    return {
        "form_title": title,
        "statements": [agreed["statement"] for agreed in consents],
        "preferences_url": preferences if known.confirmed else "",
    }


def _confirmed(session: Session, now: datetime, redeemed: optin.Redeemed) -> Confirmed:
    session.flush()
    sent, form, site, settings = queries.confirmed_by(session, redeemed.confirmation.id)
    if not redeemed.first:
        return Confirmed(site, sent.result or {}, queries.contact_of(session, sent))
    effects = Effects(public_url=letters.public_url())
    contact = granting.contact(session, now, sent, form)
    granting.record(session, now, sent, form, contact, redeemed.confirmation)
    filled = _filled(sent, form, site, settings)
    with i18n.speaking(sent.language):
        result = kinds.by_name(form.kind).on_confirmed(session, now, filled, contact, effects).result()
    _CONFIRM.run(session, {"stored": sent.id, "now": now, "contact": contact.id, "told": result})
    return Confirmed(site, result, contact.public_id, effects.conversations)


def filled_of(session: Session, sent: Submission, form: Form, site: Site) -> Filled:
    """A stored submission as the effects of its form's kind see it."""
    seen = queries.version(session, form.id, sent.form_version)
    return _filled(sent, form, site, seen.settings if seen else form.settings)


def _filled(sent: Submission, form: Form, site: Site, settings: Mapping[str, Any]) -> Filled:
    return Filled(
        public_id=sent.public_id,
        site=site,
        form_id=form.id,
        form_public_id=form.public_id,
        form_slug=form.slug,
        settings=settings,
        address=Address(typed=sent.email, key=sent.email_key),
        name=sent.name,
        phone=sent.phone,
        language=sent.language,
        data=sent.data,
        purposes=frozenset(agreed["purpose"] for agreed in sent.consents),
        page_url=sent.page_url,
        submitted_at=sent.created_at,
        conversation_id=sent.conversation_id,
    )
