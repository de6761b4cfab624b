"""A subscription: news, sales, whatever an owner writes to people who asked for it. Topics are a purpose each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy.orm import Session
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional

from leadcapture.contacts.models import Contact
from leadcapture.forms import letters, rules
from leadcapture.forms.fields import Row, RowsField
from leadcapture.forms.kind import (
    Ask,
    Effects,
    Filled,
    FormKind,
    NamedVisitorForm,
    Outcome,
    Preset,
    Settings,
    SettingsForm,
    statement_field,
)
from leadcapture.i18n import gettext as _
from leadcapture.i18n import lazy_gettext


class Topic(Row):
    """Something to be written to about; its consent is its own."""

    TEXTS: ClassVar[tuple[str, ...]] = ("statement",)

    name = StringField(
        lazy_gettext("Topic"),
        [DataRequired(lazy_gettext("Give the topic a name.")), Length(max=40)],
        filters=[rules.clean_line],
        description=lazy_gettext("What you call it; with it each consent is recorded."),
    )
    statement = TextAreaField(
        lazy_gettext("What people agree to when they tick it"),
        [DataRequired(lazy_gettext("Write what people agree to.")), Length(max=1000)],
        filters=[rules.clean_text],
    )


class Owner(SettingsForm):
    statement = statement_field()
    topics = RowsField(
        Topic,
        lazy_gettext("Topics to choose from"),
        description=lazy_gettext("With topics, each has a box of its own in place of the single one."),
        max_entries=12,
    )
    welcome = TextAreaField(
        lazy_gettext("Welcome mail"),
        [Optional(), Length(max=3000)],
        filters=[rules.clean_text],
        description=lazy_gettext("Sent once the address is confirmed."),
    )
    send_welcome = BooleanField(lazy_gettext("Send the welcome mail"), default=True)
    ask_name = BooleanField(lazy_gettext("Ask for a name (people may leave it empty)"), default=True)


def asks(settings: Settings) -> Sequence[Ask]:
    topics = settings.get("topics") or ()
    if not topics:
        return (Ask("newsletter", "statement"),)
    return [Ask(topic["name"], words=topic["statement"], required=False, group="topics") for topic in topics]


def on_confirmed(session: Session, now: datetime, filled: Filled, contact: Contact, effects: Effects) -> Outcome:
    site = filled.site.name
    if filled.settings.get("send_welcome", True):
        letters.send(
            session,
            now,
            site=filled.site,
            to=filled.address,
            name=filled.name,
            language=filled.language,
            outcome=Outcome(
                title=_("Welcome to %(site)s", site=site), text=KIND.text("welcome", filled.settings, site)
            ),
            subject=_("Welcome to %(site)s", site=site),
            why=_("You get this mail because you confirmed your subscription on %(site)s.", site=site),
            contact=contact,
            purpose=min(filled.purposes, default=KIND.purpose),
            unsubscribe=True,
        )
    return Outcome(
        title=_("You're subscribed"),
        text=_("News from %(site)s will come to %(email)s.", site=site, email=filled.address.typed),
    )


def _statement(en: str, ar: str) -> dict[str, Any]:
    return {"en": en, "ar": ar}


KIND = FormKind(
    name="subscription",
    title=lazy_gettext("Newsletter subscription"),
    description=lazy_gettext("People leave their address and agree to get your newsletter."),
    purpose="newsletter",
    ongoing=True,
    texts={
        "title": lazy_gettext("Get our newsletter"),
        "intro": lazy_gettext("News from %(site)s by e-mail. Leave whenever you like."),
        "button": lazy_gettext("Subscribe"),
        "statement": lazy_gettext(
            "I agree that %(site)s sends me its newsletter by e-mail. I can withdraw this at any time."
        ),
        "welcome": lazy_gettext(
            "Thank you for confirming your address. From now on you get what you asked for, and nothing else. Every "
            "mail has a link to leave."
        ),
    },
    asks=asks,
    on_confirmed=on_confirmed,
    visitor_form=NamedVisitorForm,
    settings_form=Owner,
    defaults={"ask_name": True, "send_welcome": True},
    presets={
        "topics": Preset(
            lazy_gettext("News and sales, to choose from"),
            lazy_gettext("People tick what they want to hear of: new things, sales, or both."),
            {
                "texts": {
                    "en": {"title": "What would you like to hear of?"},
                    "ar": {"title": "عمَّ تودّ أن نكتب إليك؟"},
                },
                "topics": [
                    {
                        "id": "news",
                        "name": "news",
                        "statement": _statement(
                            "Write to me about new things in the shop. I can withdraw this at any time.",
                            "اكتبوا إليّ عن الجديد في المتجر. يمكنني سحب موافقتي في أي وقت.",
                        ),
                    },
                    {
                        "id": "sales",
                        "name": "sales",
                        "statement": _statement(
                            "Write to me when a sale begins. I can withdraw this at any time.",
                            "اكتبوا إليّ عندما تبدأ التخفيضات. يمكنني سحب موافقتي في أي وقت.",
                        ),
                    },
                ],
            },
        ),
        "sale": Preset(
            lazy_gettext("Don't miss the sale"),
            lazy_gettext("One mail when the next sale begins."),
            {
                "texts": {
                    "en": {
                        "title": "Don't miss the sale",
                        "intro": "We write once, on the morning it begins.",
                        "button": "Tell me",
                        "statement": "Write to me once when the next sale begins. I can withdraw this at any time.",
                    },
                    "ar": {
                        "title": "لا تفوّت التخفيضات",
                        "intro": "نكتب إليك مرة واحدة صباح بدايتها.",
                        "button": "أخبروني",
                        "statement": "اكتبوا إليّ مرة واحدة عندما تبدأ التخفيضات القادمة. يمكنني سحب موافقتي في أي وقت.",
                    },
                }
            },
        ),
    },
    example=Preset(lazy_gettext("Newsletter subscription")),
)
