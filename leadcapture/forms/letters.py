"""The mails that forms send beside the confirmation: rewards, receipts, notices to the shop. One template says them
all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from leadcapture import addresses, i18n, signing
from leadcapture.addresses import Address
from leadcapture.contacts.models import Contact
from leadcapture.forms.outcome import Outcome
from leadcapture.i18n import gettext as _
from leadcapture.mail import operations as mail
from leadcapture.mail import transports
from leadcapture.mail.operations import Attachment
from leadcapture.operators import queries as operators
from leadcapture.sites.models import Site

__all__ = ["Attachment", "console_url", "form_url", "public_url", "send", "tell_owner"]


def public_url() -> str:
    """What every address of ours begins with, without a slash at its end."""
    return transports.public_url()


def form_url(site: Site, slug: str) -> str:
    """The form's own page."""
    return f"{public_url()}/f/{site.key}/{slug}"


def console_url(form_public_id: str, rest: str = "") -> str:
    """The owner's page of a form; `rest` is what follows, such as "/orders"."""
    return f"{public_url()}/console/forms/{form_public_id}{rest}"


def send(
    session: Session,
    now: datetime,
    *,
    site: Site,
    to: Address,
    language: str,
    outcome: Outcome,
    subject: str,
    why: str,
    contact: Contact | None = None,
    purpose: str | None = None,
    name: str = "",
    attachments: Sequence[Attachment] = (),
    about: str | None = None,
    reply_to: str | None = None,
    unsubscribe: bool = False,
) -> mail.Enqueued:
    """Put a mail into the outbox that says the outcome; `why` says in its footer why somebody gets it.

    Subject, why and outcome are written in `language` by the caller. A contact's mail leads to their preferences, and
    with `unsubscribe` (for what is sent on a consent to be written to) has the ways to leave of RFC 8058. `purpose` is
    the consent it rests on: withdrawn before the mail has left, it never does.
    """
    preferences = f"{public_url()}/preferences/{signing.sign('preferences', contact.public_id)}" if contact else ""
    leave = f"{public_url()}/unsubscribe/{signing.sign('unsubscribe', contact.public_id)}" if contact else ""
    return mail.enqueue(
        session,
        now,
        site=site,
        name="outcome",
        to=to,
        to_name=name,
        language=language,
        values={
            "name": name,
            "subject_line": subject,
            "why": why,
            "title": outcome.title,
            "text": outcome.text,
            "rows": list(outcome.rows),
            "total": outcome.total or (),
            "code": outcome.code,
            "links": list(outcome.links),
            "note": outcome.note,
            "preferences_url": preferences,
        },
        attachments=attachments,
        about=about,
        contact=contact.public_id if contact else None,
        purpose=purpose if contact else None,
        reply_to=reply_to,
        unsubscribe_url=leave if unsubscribe and leave else None,
    )


def tell_owner(
    session: Session,
    now: datetime,
    *,
    site: Site,
    subject: Callable[[], str],
    outcome: Callable[[], Outcome],
    reply_to: str | None = None,
    about: str | None = None,
) -> None:
    """Mail the shop, in the site's language: whoever gets its questions, else its owners. The two functions make the
    texts, called in that language."""
    receivers = [site.recipient_email] if site.recipient_email and site.recipient_verified_at else []
    receivers = receivers or [owner.email for owner in operators.owners_of(session, site.id)]
    with i18n.speaking(site.language):
        for receiver in receivers:
            send(
                session,
                now,
                site=site,
                to=addresses.parse(receiver),
                language=i18n.language(),
                outcome=outcome(),
                subject=subject(),
                why=_("You get this mail because you look after %(site)s.", site=site.name),
                reply_to=reply_to,
                about=about,
            )
