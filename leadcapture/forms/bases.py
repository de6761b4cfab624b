"""The forms that kinds' forms descend from: what a visitor fills in, and what an owner sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from babel import Locale
from wtforms import BooleanField, Form, SelectField, StringField, TextAreaField
from wtforms.validators import Length, Optional

from leadcapture import i18n
from leadcapture.forms import questions, rules
from leadcapture.forms.description import describe_fields
from leadcapture.forms.fields import Meta, RowsField, email_field, name_field
from leadcapture.i18n import gettext as _
from leadcapture.i18n import lazy_gettext

Settings = Mapping[str, Any]


class VisitorForm(Form):
    """What a visitor fills in. Every kind's class descends from it and has at least an `email`.

    Fields named name and phone become the contact's; the others are kept as the submission's own data.
    """

    Meta: ClassVar[Any] = Meta

    email = email_field()

    @classmethod
    def made_of(cls, settings: Settings) -> Sequence[tuple[str, Any]]:  # noqa: ARG003 the signature is the contract's
        """Fields that come from what the owner has listed, by name; they stand before the others. None by default."""
        return ()

    def adapt(self, settings: Settings) -> None:
        """Fit the fields to what the owner has set: choices, fields not asked for (`del self.name`). Nothing by
        default."""

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether everything that is shown is right; what no condition shows is not there."""
        self._leave_out()
        return super().validate(extra_validators)

    def _leave_out(self) -> None:
        if not any(field.render_kw and field.render_kw.get("show_if") for field in self):
            return
        for described in describe_fields(self):
            condition = described["show_if"]
            other = self._fields.get(condition["field"]) if condition else None
            if condition and not questions.holds(condition, other.data if other else None):
                del self[described["name"]]


class NamedVisitorForm(VisitorForm):
    """Asks for a name too, which may be left empty; where `ask_name` is set to False, not even that."""

    name = name_field()
    email = email_field()

    def adapt(self, settings: Settings) -> None:
        if not settings.get("ask_name", True):
            del self.name


def _regions() -> list[tuple[str, str]]:
    import phonenumbers  # here, because it takes long and starting must not

    names = Locale.parse(i18n.language()).territories
    known = sorted((names.get(code, code), code) for code in phonenumbers.SUPPORTED_REGIONS)
    return [("", _("None: every number begins with +")), *((code, name) for name, code in known)]


SENDING = lazy_gettext("What sending means")
TICKED = lazy_gettext("Stands beside the box people tick. Kept word for word with every consent.")


def notice_field(description: Any, label: Any = SENDING) -> Any:
    """What the owner writes about what sending the form means, where no box is ticked. The description says with what
    the words are kept."""
    return _agreement(label, description=description)


def statement_field(description: Any = TICKED) -> Any:
    """What the owner writes for people to agree to by a tick."""
    return _agreement(lazy_gettext("What people agree to"), description=description)


def _agreement(label: Any, **more: Any) -> Any:
    return TextAreaField(label, [Optional(), Length(max=1000)], filters=[rules.clean_text], **more)


class SettingsForm(Form):
    """What an owner may set about a form of the kind. Those fields whose names are among the kind's texts are what
    visitors read, kept by language; left empty they are the kind's own words."""

    Meta: ClassVar[Any] = Meta

    title = StringField(lazy_gettext("Title"), [Optional(), Length(max=160)], filters=[rules.clean_line])
    intro = TextAreaField(
        lazy_gettext("Text under the title"), [Optional(), Length(max=600)], filters=[rules.clean_text]
    )
    button = StringField(lazy_gettext("Button"), [Optional(), Length(max=60)], filters=[rules.clean_line])
    fields = RowsField(
        questions.Question,
        lazy_gettext("Questions of your own"),
        description=lazy_gettext("What else you need to know. Ask little: each question costs answers."),
        max_entries=40,
    )
    phone_region = SelectField(
        lazy_gettext("Country of phone numbers"),
        description=lazy_gettext("Numbers without a + are read as numbers of this country."),
        choices=_regions,
        default="",
    )


class NewsletterOffering(SettingsForm):
    """The settings of a kind that can offer the newsletter too, by a box of its own; see `newsletter_asks`."""

    newsletter = BooleanField(lazy_gettext("Offer the newsletter too, by a box of its own"), default=False)
    newsletter_statement = _agreement(
        lazy_gettext("What people agree to when they tick that box"), render_kw={"data_when": "newsletter:"}
    )
