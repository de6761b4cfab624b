"""A registration: who confirms becomes a member, with a page of perks and a proof of membership for the site."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy.orm import Session
from wtforms import BooleanField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, NumberRange, Optional, ValidationError

from leadcapture.contacts.models import Contact
from leadcapture.errors import Invalid
from leadcapture.forms import letters
from leadcapture.forms import queries as forms
from leadcapture.forms import rules as form_rules
from leadcapture.forms.fields import Row, RowsField
from leadcapture.forms.kind import (
    NEWSLETTER_STATEMENT,
    Ask,
    Effects,
    Filled,
    FormKind,
    NamedVisitorForm,
    NewsletterOffering,
    Outcome,
    Preset,
    Settings,
    newsletter_asks,
    statement_field,
)
from leadcapture.forms.kinds.registration import operations, queries, rules, wording
from leadcapture.forms.models import Form
from leadcapture.i18n import gettext as _
from leadcapture.i18n import lazy_gettext
from leadcapture.sites.models import Site


class PerkRow(Row):
    TEXTS: ClassVar[tuple[str, ...]] = ("title", "text")

    title = StringField(
        lazy_gettext("Perk"),
        [DataRequired(lazy_gettext("Say what members get.")), Length(max=160)],
        filters=[form_rules.clean_line],
    )
    text = TextAreaField(lazy_gettext("More about it"), [Optional(), Length(max=1000)], filters=[form_rules.clean_text])
    link = StringField(lazy_gettext("Link"), [Optional(), Length(max=2000)], filters=[form_rules.clean_line])
    code = StringField(lazy_gettext("Code"), [Optional(), Length(max=80)], filters=[form_rules.clean_line])

    def validate_link(self, field: Any) -> None:
        _whole_address(field)


class Owner(NewsletterOffering):
    perks = RowsField(
        PerkRow,
        lazy_gettext("What members get"),
        description=lazy_gettext("Stands on each member's own page."),
        max_entries=40,
    )
    return_url = StringField(
        lazy_gettext("Page of your site that members go to"),
        [Optional(), Length(max=2000)],
        filters=[form_rules.clean_line],
        description=lazy_gettext(
            "The member page leads there with ?leadcapture_member=… in the address: the proof that your site checks "
            "by the API. It must be a page of one of the site's allowed origins."
        ),
    )
    days = IntegerField(
        lazy_gettext("Days a proof of membership holds"),
        [NumberRange(1, 365)],
        default=rules.DAYS,
        description=lazy_gettext("The member page gives a fresh one at any time."),
    )
    numbered = BooleanField(lazy_gettext("Show member numbers"), default=False)
    ask_name = BooleanField(lazy_gettext("Ask for a name (people may leave it empty)"), default=True)
    agreeing = SelectField(
        lazy_gettext("People agree to their membership"),
        choices=[
            ("notice", lazy_gettext("by registering: the words stand near the button")),
            ("box", lazy_gettext("by a box they tick")),
        ],
        default="notice",
    )
    statement = statement_field(lazy_gettext("Kept word for word with every registration."))

    def validate_return_url(self, field: Any) -> None:
        _whole_address(field)


def asks(settings: Settings) -> Sequence[Ask]:
    membership = Ask("membership", "statement", box=settings.get("agreeing") == "box")
    return (membership, *newsletter_asks(settings))


def on_saved(session: Session, now: datetime, form: Form, site: Site, before: Settings) -> None:
    """Refuse a way back that leads to somebody else's website: the proof of membership would go there."""
    url = form.settings.get("return_url") or ""
    if url and not rules.leads_home(url, site.allowed_origins):
        sentence = _("This page is on none of the site's allowed origins. Add its origin in the site's settings first.")
        raise Invalid(_("Check the marked fields."), fields={"return_url": [sentence]})


def on_confirmed(session: Session, now: datetime, filled: Filled, contact: Contact, effects: Effects) -> Outcome:
    member = operations.join(session, now, form_id=filled.form_id, contact_id=contact.id, language=filled.language)
    return operations.welcome(session, now, queries.held(session, member.public_id), first=True)


def on_example(session: Session, now: datetime, form: Form, site: Site) -> None:
    """The demo's members go to the demo's shop."""
    shop = f"{letters.public_url()}/demo"
    form.settings = {**form.settings, "return_url": shop if rules.leads_home(shop, site.allowed_origins) else ""}
    seen = forms.version(session, form.id, form.version)
    if seen is not None:
        seen.settings = form.settings


def _whole_address(field: Any) -> None:
    if field.data and not form_rules.clean_url(field.data):
        raise ValidationError(_("Write the whole address, beginning with https://."))


CLUB = Preset(
    lazy_gettext("Customers' club"),
    lazy_gettext("Members get a number, a discount code and a page of your site that only they can use."),
    {
        "numbered": True,
        "newsletter": True,
        "perks": [
            {
                "id": "discount",
                "title": {"en": "10 % off every order", "ar": "خصم 10٪ على كل طلب"},
                "text": {"en": "Type this code at the checkout.", "ar": "اكتب هذا الرمز عند الدفع."},
                "link": "",
                "code": "CLUB10",
            },
            {
                "id": "early",
                "title": {"en": "News before everybody else", "ar": "الأخبار قبل الجميع"},
                "text": {
                    "en": "New goods can be ordered by members a day earlier.",
                    "ar": "يمكن للأعضاء طلب المنتجات الجديدة قبل يوم واحد.",
                },
                "link": "",
                "code": "",
            },
        ],
    },
)

KIND = FormKind(
    name="registration",
    title=lazy_gettext("Registration"),
    description=lazy_gettext(
        "People register and become members: a page with what members get, and a proof your site can check."
    ),
    purpose="membership",
    texts={**wording.TEXTS, "newsletter_statement": NEWSLETTER_STATEMENT},
    asks=asks,
    on_confirmed=on_confirmed,
    on_saved=on_saved,
    on_example=on_example,
    forget=operations.forget,
    held=queries.told_of,
    visitor_form=NamedVisitorForm,
    settings_form=Owner,
    defaults={
        "ask_name": True,
        "agreeing": "notice",
        "newsletter": False,
        "numbered": False,
        "perks": [],
        "return_url": "",
        "days": rules.DAYS,
    },
    presets={"club": CLUB},
    manage="registration.members",
    manage_label=lazy_gettext("Members"),
)
