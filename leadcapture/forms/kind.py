"""The contract of a form kind.

A kind is one module (or package) in forms/kinds that exposes `KIND`, a FormKind. The registry finds it, the server
describes its fields to the widget and the hosted page, and the intake calls its effects. Nothing else knows kinds.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from types import new_class
from typing import Any, cast

from sqlalchemy.orm import Session
from wtforms.validators import Optional

from leadcapture import i18n
from leadcapture.addresses import Address
from leadcapture.contacts.models import Contact
from leadcapture.errors import LeadCaptureError
from leadcapture.forms import by_default, questions, rules
from leadcapture.forms.bases import (
    NamedVisitorForm,
    NewsletterOffering,
    Settings,
    SettingsForm,
    VisitorForm,
    notice_field,
    statement_field,
)
from leadcapture.forms.description import describe_fields
from leadcapture.forms.fields import AddressField, RowsField, email_field, kept, name_field, words
from leadcapture.forms.models import Form as FormRow
from leadcapture.forms.outcome import Outcome
from leadcapture.i18n import gettext as _
from leadcapture.i18n import lazy_gettext
from leadcapture.sites.models import Site

# A thing that a kind's tables hold of a person: `what` names it, the rest are plain values and moments.
Told = Mapping[str, Any]

COMMON_TEXTS = ("title", "intro", "button")


class BadKind(LeadCaptureError):
    """A form kind that cannot be used: stops the start."""

    code = "bad_kind"


@dataclass(frozen=True)
class Ask:
    """One purpose a form asks consent for. `text` names which of the kind's texts is the statement, `words` are the
    statement by language where it is one of the owner's list. `box` is an unchecked box, else the statement stands as
    a notice near the button and sending itself agrees to it. Of asks with the same `group` one at least must be
    agreed to."""

    purpose: str
    text: str = ""
    required: bool = True
    box: bool = True
    words: Mapping[str, str] | None = None
    group: str = ""


NEWSLETTER_STATEMENT = lazy_gettext(
    "I also agree that %(site)s sends me its newsletter by e-mail. I can withdraw this at any time."
)


def newsletter_asks(settings: Settings) -> tuple[Ask, ...]:
    """The optional box of a NewsletterOffering, if it is set; its text is `newsletter_statement`."""
    return (Ask("newsletter", "newsletter_statement", required=False),) if settings.get("newsletter") else ()


@dataclass(frozen=True)
class Statement:
    """The words of an Ask as a visitor reads them, and the version that names them."""

    purpose: str
    statement: str
    version: str
    required: bool
    box: bool
    group: str = ""


@dataclass(frozen=True)
class Preset:
    """A ready template of a kind: what it is called, what it is for, and the settings it begins with."""

    title: Any
    about: Any = ""
    settings: Settings = field(default_factory=dict)


@dataclass(frozen=True)
class Filled:
    """One filled form as a kind's effects see it; `settings` are those of the version that the visitor saw."""

    public_id: str
    site: Site
    form_id: int
    form_public_id: str
    form_slug: str
    settings: Settings
    address: Address
    name: str
    phone: str
    language: str
    data: Mapping[str, Any]
    purposes: frozenset[str]  # what was agreed to
    page_url: str
    submitted_at: datetime
    conversation_id: int | None = None  # the thread it belongs to, once it has one


@dataclass
class Effects:
    """What a kind's effects hand back: the thread a form is filled in and goes on in, and the conversations that
    changed, which the edge makes known after the commit."""

    conversation: str | None = None  # public id
    visitor: str | None = None  # whose checked token came along
    public_url: str = ""
    conversations: list[str] = field(default_factory=list)


def nothing_more(session: Session, now: datetime, filled: Filled, effects: Effects) -> None:
    """The effect of a kind that does nothing before the address is confirmed."""


@dataclass(frozen=True)
class FormKind:
    """A form kind.

    `texts` maps each text a visitor reads to its own words (lazy, `%(site)s` is the site's name); title, intro and
    button are always among them. `asks` says which purposes a form with these settings asks consent for, the main one
    first. `ongoing` says that it goes on until it is withdrawn (news), so that a pause holds it back; else it is part
    of what a person asked for (a ticket, a receipt) and comes all the same. `obstacles` says in sentences why a site
    cannot publish such a form. `defaults` are the settings of a new form, `presets` ready templates. The form of the
    demo shop is made of `example`, completed by `on_example` before it is published; `example_entries` are then sent to
    it as visitors send, and confirmed, and `on_example_entries` does what an owner would do with them.

    The effects run inside the transaction: `on_accepted` when the form was sent (raising Invalid refuses it),
    `on_confirmed` when its address is confirmed, and what it returns is what the visitor then sees; `on_saved` when an
    owner has saved other settings than `before`. `forget` erases what the kind's tables hold of a contact (its internal
    id), and `held` tells all of it, for the person to read.

    `closed` says in a sentence why a form takes nothing now; nothing: it is open. `kept` is what is stored of what was
    sent, for a kind that must not store all of it. `offered` are the settings as visitors meet them now, for a kind
    where choices run out. `data` is what the kind's own script and page need to
    know, in the language of the moment; its `closed_link` ({"label", "url"}) stands beside the sentence that the form
    is closed. `compute` is what can be worked out from valid fields before they are sent. `summary` is how a
    submission's own data reads to operators. `manage` is the endpoint of the owner's own page of the kind,
    `manage_label` what its tab says, and `manage_role` the least role that may open it, as its view requires too.
    `waiting` says in a few words how much there waits to be worked on; nothing: nothing does.
    """

    name: str
    title: Any
    description: Any
    purpose: str
    texts: Mapping[str, Any]
    asks: Callable[[Settings], Sequence[Ask]]
    on_confirmed: Callable[[Session, datetime, Filled, Contact, Effects], Outcome]
    on_accepted: Callable[[Session, datetime, Filled, Effects], None] = nothing_more
    on_saved: Callable[[Session, datetime, FormRow, Site, Settings], None] = by_default.nothing_to_do
    on_example: Callable[[Session, datetime, FormRow, Site], None] = by_default.needs_nothing
    on_example_entries: Callable[[Session, datetime, FormRow, Site], None] = by_default.needs_nothing
    forget: Callable[[Session, datetime, int], None] = by_default.keeps_nothing
    held: Callable[[Session, int], Sequence[Told]] = by_default.tells_nothing
    kept: Callable[[Site, dict[str, Any]], dict[str, Any]] = by_default.as_sent
    obstacles: Callable[[Site, Settings], Sequence[str]] = by_default.no_obstacles
    closed: Callable[[Session, datetime, FormRow, Site], str] = by_default.always_open
    offered: Callable[[Session, datetime, FormRow, Site], Settings] = by_default.as_set
    data: Callable[[Session, datetime, FormRow, Site], Mapping[str, Any]] = by_default.no_data
    compute: Callable[[Settings, Mapping[str, Any]], Outcome] | None = None
    summary: Callable[[Settings, Mapping[str, Any]], Sequence[tuple[str, str]]] | None = None
    visitor_form: type[VisitorForm] = VisitorForm
    settings_form: type[SettingsForm] = SettingsForm
    defaults: Mapping[str, Any] = field(default_factory=dict)
    presets: Mapping[str, Preset] = field(default_factory=dict)
    example: Preset | None = None
    example_entries: Sequence[Mapping[str, Any]] = ()
    manage: str = ""
    manage_label: Any = ""
    manage_role: str = "admin"
    ongoing: bool = False
    waiting: Callable[[Session, FormRow], str] = by_default.nothing_waits

    def check(self) -> None:
        """Raises BadKind with a sentence when something is missing that would only show when a visitor comes."""
        missing = [name for name in COMMON_TEXTS if name not in self.texts]
        missing += [ask.text for ask in self.asks(self.defaults) if ask.words is None and ask.text not in self.texts]
        if missing:
            raise BadKind(f"Form kind {self.name!r} lacks the texts: {', '.join(missing)}.")
        if self.purpose not in {ask.purpose for ask in self.asks(self.defaults)}:
            raise BadKind(f"Form kind {self.name!r} never asks for its purpose {self.purpose!r}.")
        if not issubclass(self.visitor_form, VisitorForm) or not issubclass(self.settings_form, SettingsForm):
            raise BadKind(f"Form kind {self.name!r}: its forms must descend from VisitorForm and SettingsForm.")
        described = describe_fields(self.fields(self.defaults))
        if not any(one["name"] == "email" for one in described):
            raise BadKind(f"Form kind {self.name!r}: its form asks for no address.")

    def text(self, name: str, settings: Settings, site_name: str) -> str:
        """One text in the language of the moment: the owner's words for that language, else the kind's own."""
        own = settings.get("texts", {}).get(i18n.language(), {}).get(name)
        return own or str(self.texts[name]) % {"site": site_name}

    def statements(self, settings: Settings, version: int, site_name: str) -> list[Statement]:
        """What a form asks consent for, in the language of the moment."""
        found = []
        for ask in self.asks(settings):
            said = self.text(ask.text, settings, site_name) if ask.words is None else words(ask.words)
            name = rules.statement_version(version, said)
            found.append(Statement(ask.purpose, said, name, ask.required, ask.box, ask.group))
        return found

    def fields(self, settings: Settings, given: Any = None) -> VisitorForm:
        """The visitor's form for these settings, filled from `given` (a MultiDict) when there is one: what the owner
        has listed first, then the kind's own fields, then the owner's questions."""
        first, last = list(self.visitor_form.made_of(settings)), list(questions.made_of(settings))
        if not first and not last:
            form = self.visitor_form(given)
            form.adapt(settings)
            return form
        own = self.visitor_form
        made: type[VisitorForm] = new_class(own.__name__, (own,), {}, lambda body: body.update([*first, *last]))
        form = made(given)
        form.adapt(settings)
        leading = [name for name, _field in first if name in form]
        form._fields = {name: form._fields[name] for name in [*leading, *form._fields]}
        return form

    def summarise(self, settings: Settings, data: Mapping[str, Any]) -> list[tuple[str, str]]:
        """How a submission's own data reads, in the language of the moment: what was asked and what was answered."""
        described = [one for one in describe_fields(self.fields(settings)) if one["name"] in data]
        if self.summary is None:
            own = [one for one in described if not one["name"].startswith(questions.PREFIX)]
            rows = [(one["label"], questions.answer_text(one, data[one["name"]])) for one in own]
        else:
            rows = list(self.summary(settings, data))
        asked = [one for one in described if one["name"].startswith(questions.PREFIX)]
        return rows + [(one["label"], questions.answer_text(one, data[one["name"]])) for one in asked]

    def editor(self, settings: Settings, language: str, site_name: str, given: Any = None) -> SettingsForm:
        """The owner's form, its texts in that language; a text that is not set shows the kind's own words as
        placeholder."""
        values = {**settings, **settings.get("texts", {}).get(language, {})}
        lists = _lists(self.settings_form)
        for name, texts in lists.items():
            values[name] = [_row_in(row, texts, language) for row in settings.get(name) or ()]
        form = self.settings_form(given, data=values)
        with i18n.speaking(language):
            for name, own in self.texts.items():
                if name in form:
                    shown = str(own) % {"site": site_name}
                    form[name].render_kw = {**(form[name].render_kw or {}), "placeholder": shown, "dir": "auto"}
            offered = self._conditions(settings)
            if not self._asks_phone(settings):
                form["phone_region"].render_kw = {"data_when": "fields-*-type:tel"}
        rows = cast(RowsField, form["fields"])
        rows.prepare = lambda entry: _offer(entry, offered)
        for entry in rows:
            rows.prepare(entry)
        for name, texts in lists.items():
            known = {row["id"]: row for row in settings.get(name) or ()}
            for entry in cast(RowsField, form[name]):
                _leave_untranslated(entry.form, known.get(entry.form["id"].data or "", {}), texts, language)
        return form

    def settings_of(self, before: Settings, language: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The settings after an owner's `values` (of `editor`) were taken over; texts of other languages stay."""
        texts = {code: dict(said) for code, said in before.get("texts", {}).items()}
        own = {name: value for name, value in values.items() if name in self.texts and value}
        texts.pop(language, None)
        if own:
            texts[language] = own
        lists = _lists(self.settings_form)
        rest = {name: kept(value) for name, value in values.items() if name not in self.texts}
        for name in lists.keys() & rest.keys():
            rest[name] = _rows_of(before.get(name) or (), rest[name], lists[name], language)
        # What was never set and still says nothing is no change.
        rest = {name: value for name, value in rest.items() if name in before or value not in ("", None, [])}
        return {**{name: value for name, value in before.items() if name != "texts"}, **rest, "texts": texts}

    def _asks_phone(self, settings: Settings) -> bool:
        """Whether a field of the kind itself, not a question of the owner's, is a phone number."""
        own = [one for one in describe_fields(self.fields(settings)) if not one["name"].startswith(questions.PREFIX)]
        return any(one["type"] == "tel" for one in own)

    def _conditions(self, settings: Settings) -> list[tuple[str, str]]:
        """What a question can depend on: every other field of the form, by name, with the words for it."""
        described = describe_fields(self.fields(settings))
        return [(one["name"], one["label"]) for one in described if one["label"]]


def _offer(entry: Any, fields: Sequence[tuple[str, str]]) -> None:
    """Let a question be shown depending on any of these fields but itself."""
    mine = questions.PREFIX + (entry.form["id"].data or "")
    others = [(name, _("depending on “%(field)s”", field=label)) for name, label in fields if name != mine]
    entry.form["show_if"].choices = [("", _("always")), *others]


def _leave_untranslated(row: Any, was: Mapping[str, Any], texts: Sequence[str], language: str) -> None:
    """Let a text of a row stay empty in this language where it is written in another: visitors read that one."""
    for name in texts:
        other = next((text for code, text in (was.get(name) or {}).items() if text and code != language), "")
        if other:
            row[name].validators = [Optional(), *row[name].validators]
            row[name].flags.required = False
            row[name].render_kw = {**(row[name].render_kw or {}), "placeholder": other, "dir": "auto"}


@cache
def _lists(settings_form: type[SettingsForm]) -> Mapping[str, Sequence[str]]:
    """The lists of an owner's form, each with the names of its texts."""
    return {shown.name: shown.row.TEXTS for shown in settings_form() if isinstance(shown, RowsField)}


def _row_in(row: Mapping[str, Any], texts: Sequence[str], language: str) -> dict[str, Any]:
    return {name: value.get(language, "") if name in texts else value for name, value in row.items()}


def _rows_of(
    before: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]], texts: Sequence[str], language: str
) -> list[dict[str, Any]]:
    known = {row["id"]: row for row in before}
    found = []
    for row in rows:
        was = known.pop(row.get("id") or "", {})
        said = {name: {**(was.get(name) or {}), language: row.get(name) or ""} for name in texts}
        said = {name: {code: text for code, text in all_.items() if text} for name, all_ in said.items()}
        found.append({**row, **said, "id": was.get("id") or secrets.token_hex(4)})
    return found


__all__ = [
    "NEWSLETTER_STATEMENT",
    "AddressField",
    "Ask",
    "BadKind",
    "Effects",
    "Filled",
    "FormKind",
    "NamedVisitorForm",
    "NewsletterOffering",
    "Outcome",
    "Preset",
    "Settings",
    "SettingsForm",
    "Statement",
    "VisitorForm",
    "describe_fields",
    "email_field",
    "name_field",
    "newsletter_asks",
    "notice_field",
    "statement_field",
    "words",
]
