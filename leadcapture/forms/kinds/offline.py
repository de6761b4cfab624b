"""A question left while nobody could answer: it reaches the inbox at once, its author is known once the address is
confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session
from wtforms import TextAreaField
from wtforms.validators import DataRequired, Length

from leadcapture import addresses
from leadcapture.chat import mailing
from leadcapture.chat import operations as chat
from leadcapture.chat.masking import masked
from leadcapture.contacts.models import Contact
from leadcapture.forms import rules
from leadcapture.forms.kind import (
    NEWSLETTER_STATEMENT,
    Ask,
    Effects,
    Filled,
    FormKind,
    NewsletterOffering,
    Outcome,
    Preset,
    Settings,
    VisitorForm,
    email_field,
    name_field,
    newsletter_asks,
    notice_field,
)
from leadcapture.i18n import gettext as _
from leadcapture.i18n import lazy_gettext
from leadcapture.mail import operations as mail
from leadcapture.sites import chat_settings
from leadcapture.sites.models import Site


class Visitor(VisitorForm):
    name = name_field(required=True)
    email = email_field()
    message = TextAreaField(
        lazy_gettext("Message"),
        [
            DataRequired(lazy_gettext("Write your question.")),
            Length(max=4000, message=lazy_gettext("At most 4,000 characters.")),
        ],
        filters=[rules.clean_text],
    )


class Owner(NewsletterOffering):
    notice = notice_field(lazy_gettext("Stands near the button. Kept word for word with every question."))


def asks(settings: Settings) -> Sequence[Ask]:
    return (Ask("reply", "notice", box=False), *newsletter_asks(settings))


def obstacles(site: Site, settings: Settings) -> Sequence[str]:
    if _receives(site):
        return ()
    return (
        _("Nobody would receive the questions: enter who does in the site's settings and confirm that address first."),
    )


def kept(site: Site, data: dict[str, Any]) -> dict[str, Any]:
    """Without card numbers and secrets, as the same words would be kept of a chat."""
    if not chat_settings.of(site.chat).masking:
        return data
    return data | {name: masked(text) for name, text in data.items() if isinstance(text, str) and name != "email"}


def on_accepted(session: Session, now: datetime, filled: Filled, effects: Effects) -> None:
    conversation = chat.question(
        session,
        now,
        site_id=filled.site.id,
        conversation=effects.conversation,
        visitor_token_id=effects.visitor,
        name=filled.name,
        email=filled.address.typed,
        body=filled.data["message"],
        page_url=filled.page_url,
        language=filled.language,
        client_id=filled.public_id,
        mailed=_receives(filled.site),
    )
    effects.conversation = conversation
    effects.conversations.append(conversation)
    if _receives(filled.site) and filled.site.recipient_email:
        mail.enqueue(
            session,
            now,
            site=filled.site,
            name="offline_question",
            to=addresses.parse(filled.site.recipient_email),
            language=filled.site.language,
            values={
                "question": filled.data["message"],
                "visitor_name": filled.name,
                "visitor_email": filled.address.typed,
                "email_confirmed": False,
                "page_url": filled.page_url,
                "console_url": f"{effects.public_url}/console/inbox/{conversation}",
            },
            reply_to=filled.address.typed,
            about=filled.public_id,  # erased with the submission when the address is never confirmed
        )


def on_confirmed(session: Session, now: datetime, filled: Filled, contact: Contact, effects: Effects) -> Outcome:
    if filled.conversation_id is not None:
        conversation = mailing.address_confirmed(
            session, now, conversation_id=filled.conversation_id, contact_id=contact.id
        )
        effects.conversations.append(conversation)
    return Outcome(
        title=_("Thank you, your question has arrived"),
        text=_("We will answer to %(email)s.", email=filled.address.typed),
    )


def _receives(site: Site) -> bool:
    return site.recipient_email is not None and site.recipient_verified_at is not None


KIND = FormKind(
    name="offline",
    title=lazy_gettext("Offline question"),
    description=lazy_gettext("Offered in the chat when nobody can answer. Questions land in the inbox at once."),
    purpose="reply",
    texts={
        "title": lazy_gettext("Leave us a message"),
        "intro": lazy_gettext("Nobody is here right now. We will answer by e-mail."),
        "button": lazy_gettext("Send"),
        "notice": lazy_gettext("By sending this you agree that %(site)s uses your details to answer your question."),
        "newsletter_statement": NEWSLETTER_STATEMENT,
    },
    asks=asks,
    on_accepted=on_accepted,
    kept=kept,
    on_confirmed=on_confirmed,
    obstacles=obstacles,
    visitor_form=Visitor,
    settings_form=Owner,
    defaults={"newsletter": False},
    example=Preset(lazy_gettext("Offline question"), settings={"newsletter": True}),
)
