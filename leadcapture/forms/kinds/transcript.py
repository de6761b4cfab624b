"""The conversation by e-mail: asked for in the chat, sent once the address is confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from leadcapture.chat import afterwards
from leadcapture.chat import queries as chat
from leadcapture.contacts.models import Contact
from leadcapture.errors import Invalid
from leadcapture.forms.kind import Ask, Effects, Filled, FormKind, Outcome, Preset, Settings, SettingsForm, notice_field
from leadcapture.i18n import gettext as _
from leadcapture.i18n import lazy_gettext


class Owner(SettingsForm):
    notice = notice_field(lazy_gettext("Stands near the button. Kept word for word with every request."))


def asks(settings: Settings) -> Sequence[Ask]:
    return (Ask("reply", "notice", box=False),)


def on_accepted(session: Session, now: datetime, filled: Filled, effects: Effects) -> None:
    # Whose conversation it is says the visitor's checked token alone, nothing that is filled in.
    thread = effects.visitor and chat.visitors_thread(session, now, filled.site.id, effects.visitor)
    if not thread:
        raise Invalid(_("There is no conversation to send yet. Write to us in the chat first."))
    effects.conversation = thread.public_id


def on_confirmed(session: Session, now: datetime, filled: Filled, contact: Contact, effects: Effects) -> Outcome:
    if filled.conversation_id is None:
        # Erased meanwhile: the address is confirmed all the same.
        return Outcome(title=_("Your address is confirmed"), text=_("The conversation is no longer kept."))
    conversation = afterwards.transcript_confirmed(
        session, now, conversation_id=filled.conversation_id, contact_id=contact.id, address=filled.address
    )
    effects.conversations.append(conversation)
    return Outcome(
        title=_("Your conversation is on its way"),
        text=_("We have sent it to %(email)s.", email=filled.address.typed),
    )


KIND = FormKind(
    name="transcript",
    title=lazy_gettext("Conversation by e-mail"),
    description=lazy_gettext(
        "Offered in the chat. Sends visitors their conversation once they have confirmed the address."
    ),
    purpose="reply",
    texts={
        "title": lazy_gettext("Have the conversation sent to you"),
        "intro": lazy_gettext("We send you a link first, to make sure that the address is yours."),
        "button": lazy_gettext("Send it to me"),
        "notice": lazy_gettext(
            "By sending this you agree that %(site)s sends this conversation, and answers to it, to this address."
        ),
    },
    asks=asks,
    on_accepted=on_accepted,
    on_confirmed=on_confirmed,
    settings_form=Owner,
    example=Preset(lazy_gettext("Conversation by e-mail")),
)
