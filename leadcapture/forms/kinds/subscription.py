"""A newsletter subscription."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional

from leadcapture.contacts.models import Contact
from leadcapture.forms import rules
from leadcapture.forms.kind import (
    AddressField,
    Ask,
    Effects,
    Filled,
    FormKind,
    Result,
    Settings,
    SettingsForm,
    VisitorForm,
)
from leadcapture.i18n import gettext as _
from leadcapture.i18n import lazy_gettext


class Visitor(VisitorForm):
    name = StringField(
        lazy_gettext("Name"),
        [Optional(), Length(max=120, message=lazy_gettext("At most 120 characters."))],
        filters=[rules.clean_line],
        render_kw={"autocomplete": "name"},
    )
    email = AddressField(
        lazy_gettext("E-mail"),
        [DataRequired(lazy_gettext("Enter your e-mail address."))],
        filters=[rules.clean_line],
        render_kw={"autocomplete": "email", "inputmode": "email"},
    )

    def adapt(self, settings: Settings) -> None:
        if not settings.get("ask_name", True):
            del self.name


class Owner(SettingsForm):
    statement = TextAreaField(
        lazy_gettext("What people agree to"),
        [Optional(), Length(max=1000)],
        filters=[rules.clean_text],
        description=lazy_gettext("Stands beside the box people tick. Kept word for word with every consent."),
    )
    ask_name = BooleanField(lazy_gettext("Ask for a name (people may leave it empty)"), default=True)


def asks(settings: Settings) -> Sequence[Ask]:  # noqa: ARG001 the signature is the contract's
    return (Ask("newsletter", "statement"),)


def on_confirmed(session: Session, now: datetime, filled: Filled, contact: Contact, effects: Effects) -> Result:  # noqa: ARG001
    return {
        "title": _("You're subscribed"),
        "text": _("News from %(site)s will come to %(email)s.", site=filled.site.name, email=filled.address.typed),
    }


KIND = FormKind(
    name="subscription",
    title=lazy_gettext("Newsletter subscription"),
    description=lazy_gettext("People leave their address and agree to get your newsletter."),
    purpose="newsletter",
    texts={
        "title": lazy_gettext("Get our newsletter"),
        "intro": lazy_gettext("News from %(site)s by e-mail. Leave whenever you like."),
        "button": lazy_gettext("Subscribe"),
        "statement": lazy_gettext(
            "I agree that %(site)s sends me its newsletter by e-mail. I can withdraw this at any time."
        ),
    },
    asks=asks,
    on_confirmed=on_confirmed,
    visitor_form=Visitor,
    settings_form=Owner,
    defaults={"ask_name": True},
)
