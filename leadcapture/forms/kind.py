"""The contract of a form kind.

A kind is one module (or package) in forms/kinds that exposes `KIND`, a FormKind. The registry finds it, the server
describes its fields to the widget and the hosted page, and the intake calls its two effects. Nothing else knows kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy.orm import Session
from wtforms import EmailField, Form, SelectField, StringField
from wtforms.fields import Field
from wtforms.validators import Length, Optional, ValidationError

from leadcapture import addresses, i18n
from leadcapture.addresses import Address
from leadcapture.contacts.models import Contact
from leadcapture.errors import Invalid, LeadCaptureError
from leadcapture.forms import rules
from leadcapture.i18n import lazy_gettext
from leadcapture.sites.models import Site

Settings = Mapping[str, Any]
COMMON_TEXTS = ("title", "intro", "button")


class BadKind(LeadCaptureError):
    """A form kind that cannot be used: stops the start."""

    code = "bad_kind"


class _Translations:
    gettext = staticmethod(i18n.gettext)
    ngettext = staticmethod(i18n.ngettext)


class _Meta:
    def get_translations(self, form: Any) -> _Translations:  # noqa: ARG002 the signature is WTForms's
        return _Translations()


class AddressField(EmailField):
    """An e-mail address; `address` holds it parsed once it is valid."""

    address: Address | None = None

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002 the signature is WTForms's
        if not self.data:
            return
        try:
            self.address = addresses.parse(self.data)
        except Invalid as error:
            raise ValidationError(error.message) from error


class VisitorForm(Form):
    """What a visitor fills in. Every kind's class descends from it and has at least an `email`.

    Fields named name and phone become the contact's; the others are kept as the submission's own data.
    """

    Meta: ClassVar[Any] = _Meta

    email = AddressField(
        lazy_gettext("E-mail"),
        filters=[rules.clean_line],
        render_kw={"autocomplete": "email", "inputmode": "email"},
    )

    def adapt(self, settings: Settings) -> None:
        """Fit the fields to what the owner has set: choices, fields not asked for (`del self.name`). Nothing by
        default."""


class SettingsForm(Form):
    """What an owner may set about a form of the kind. Those fields whose names are among the kind's texts are what
    visitors read, kept by language; left empty they are the kind's own words."""

    Meta: ClassVar[Any] = _Meta

    title = StringField(lazy_gettext("Title"), [Optional(), Length(max=160)], filters=[rules.clean_line])
    intro = StringField(lazy_gettext("Text under the title"), [Optional(), Length(max=600)], filters=[rules.clean_text])
    button = StringField(lazy_gettext("Button"), [Optional(), Length(max=60)], filters=[rules.clean_line])


@dataclass(frozen=True)
class Ask:
    """One purpose a form asks consent for. `text` names which of the kind's texts is the statement; `box` is an
    unchecked box, else the statement stands as a notice near the button and sending itself agrees to it."""

    purpose: str
    text: str
    required: bool = True
    box: bool = True


@dataclass(frozen=True)
class Statement:
    """The words of an Ask as a visitor reads them, and the version that names them."""

    purpose: str
    statement: str
    version: str
    required: bool
    box: bool


@dataclass(frozen=True)
class Filled:
    """One filled form as a kind's effects see it."""

    public_id: str
    site: Site
    form_slug: str
    settings: Settings
    address: Address
    name: str
    phone: str
    language: str
    data: Mapping[str, Any]
    purposes: frozenset[str]  # what was agreed to
    page_url: str
    conversation_id: int | None = None  # the thread it belongs to, once it has one


@dataclass
class Effects:
    """What a kind's effects hand back: the thread a form is filled in and goes on in, and the conversations that
    changed, which the edge makes known after the commit."""

    conversation: str | None = None  # public id
    visitor: str | None = None  # whose checked token came along
    console_url: str = ""
    conversations: list[str] = field(default_factory=list)


Result = dict[str, Any]  # {"title", "text", …}: what the visitor is shown after confirming


def nothing_more(session: Session, now: datetime, filled: Filled, effects: Effects) -> None:
    """The effect of a kind that does nothing before the address is confirmed."""


def no_obstacles(site: Site, settings: Settings) -> Sequence[str]:  # noqa: ARG001 the signature is the contract's
    """For a kind that every site can use."""
    return ()


@dataclass(frozen=True)
class FormKind:
    """A form kind.

    `texts` maps each text a visitor reads to its own words (lazy, `%(site)s` is the site's name); title, intro and
    button are always among them. `asks` says which purposes a form with these settings asks consent for, the main one
    first. `obstacles` says in sentences why a site cannot publish such a form. `defaults` are the settings of a new
    form. The effects run inside the transaction that accepts or confirms; `on_confirmed` returns what the visitor is
    then shown.
    """

    name: str
    title: Any
    description: Any
    purpose: str
    texts: Mapping[str, Any]
    asks: Callable[[Settings], Sequence[Ask]]
    on_confirmed: Callable[[Session, datetime, Filled, Contact, Effects], Result]
    on_accepted: Callable[[Session, datetime, Filled, Effects], None] = nothing_more
    obstacles: Callable[[Site, Settings], Sequence[str]] = no_obstacles
    visitor_form: type[VisitorForm] = VisitorForm
    settings_form: type[SettingsForm] = SettingsForm
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Raises BadKind with a sentence when something is missing that would only show when a visitor comes."""
        missing = [name for name in COMMON_TEXTS if name not in self.texts]
        missing += [ask.text for ask in self.asks(self.defaults) if ask.text not in self.texts]
        if missing:
            raise BadKind(f"Form kind {self.name!r} lacks the texts: {', '.join(missing)}.")
        if self.purpose not in {ask.purpose for ask in self.asks(self.defaults)}:
            raise BadKind(f"Form kind {self.name!r} never asks for its purpose {self.purpose!r}.")
        if not issubclass(self.visitor_form, VisitorForm) or not issubclass(self.settings_form, SettingsForm):
            raise BadKind(f"Form kind {self.name!r}: its forms must descend from VisitorForm and SettingsForm.")

    def text(self, name: str, settings: Settings, site_name: str) -> str:
        """One text in the language of the moment: the owner's words for that language, else the kind's own."""
        own = settings.get("texts", {}).get(i18n.language(), {}).get(name)
        return own or str(self.texts[name]) % {"site": site_name}

    def statements(self, settings: Settings, version: int, site_name: str) -> list[Statement]:
        """What a form asks consent for, in the language of the moment."""
        found = []
        for ask in self.asks(settings):
            words = self.text(ask.text, settings, site_name)
            found.append(Statement(ask.purpose, words, rules.statement_version(version, words), ask.required, ask.box))
        return found

    def fields(self, settings: Settings, given: Any = None) -> VisitorForm:
        """The visitor's form for these settings, filled from `given` (a MultiDict) when there is one."""
        form = self.visitor_form(given)
        form.adapt(settings)
        return form

    def editor(self, settings: Settings, language: str, site_name: str, given: Any = None) -> SettingsForm:
        """The owner's form, its texts in that language; a text that is not set shows the kind's own words as
        placeholder."""
        values = {**settings, **settings.get("texts", {}).get(language, {})}
        form = self.settings_form(given, data=values)
        with i18n.speaking(language):
            for name, words in self.texts.items():
                if name in form:
                    shown = str(words) % {"site": site_name}
                    form[name].render_kw = {**(form[name].render_kw or {}), "placeholder": shown, "dir": "auto"}
        return form

    def settings_of(self, before: Settings, language: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The settings after an owner's `values` (of `editor`) were taken over; texts of other languages stay."""
        texts = {code: dict(words) for code, words in before.get("texts", {}).items()}
        own = {name: value for name, value in values.items() if name in self.texts and value}
        texts.pop(language, None)
        if own:
            texts[language] = own
        rest = {name: value for name, value in values.items() if name not in self.texts}
        return {**{name: value for name, value in before.items() if name != "texts"}, **rest, "texts": texts}


FIELD_TYPES = {
    "EmailField": "email",
    "TelField": "tel",
    "TextAreaField": "textarea",
    "BooleanField": "checkbox",
    "SelectField": "select",
    "IntegerField": "number",
    "DecimalField": "number",
    "HiddenField": "hidden",
    "StringField": "text",
}


def describe_field(shown: Field) -> dict[str, Any]:
    """One field as the widget is told of it. Raises BadKind for a field that the widget has no control for."""
    type_ = next((FIELD_TYPES[c.__name__] for c in type(shown).__mro__ if c.__name__ in FIELD_TYPES), None)
    if type_ is None:
        raise BadKind(f"The field {shown.name!r} is a {type(shown).__name__}, which visitors' forms do not have.")
    extra = shown.render_kw or {}
    choices = shown.iter_choices() if isinstance(shown, SelectField) else None
    return {
        "name": shown.name,
        "type": type_,
        "label": str(shown.label.text),
        "help": str(shown.description) or None,
        "required": bool(shown.flags.required),
        "autocomplete": extra.get("autocomplete"),
        "inputmode": extra.get("inputmode"),
        "maxlength": shown.flags.maxlength,
        "options": choices and [{"value": str(choice[0]), "label": str(choice[1])} for choice in choices],
        "value": None if shown.data in (None, "", False) else str(shown.data),
    }
