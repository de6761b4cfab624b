"""How a site's chat works, as its owner sets it: the fields of the page, and the way between them and ChatSettings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any, ClassVar

from babel import Locale
from wtforms import (
    BooleanField,
    DateField,
    Form,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import InputRequired, Length, Optional

from leadcapture import i18n, ids
from leadcapture.forms.fields import Meta, Row, RowsField
from leadcapture.forms.rules import clean_line, clean_text, lines
from leadcapture.i18n import gettext as _
from leadcapture.i18n import lazy_gettext
from leadcapture.sites import hours, rules
from leadcapture.sites.chat_settings import ChatSettings

# What a question of one's own is not: these become the conversation's name and address.
KNOWN = {
    "name": lazy_gettext("Your name"),
    "email": lazy_gettext("Your e-mail address"),
    "phone": lazy_gettext("Your phone number"),
}
MOST_QUESTIONS, MOST_EXCEPTIONS = 8, 100
_PHONE = re.compile(r"[0-9+()/ .\-]{4,40}")


def _in_each_language(form: type[Form], name: str, field: Callable[[str], Any]) -> None:
    """Give the form one such field for each language, called NAME_CODE."""
    for code in i18n.LANGUAGES:
        setattr(form, f"{name}_{code}", field(Locale.parse(code).get_display_name() or code))


def _texts(values: Mapping[str, Any], name: str) -> dict[str, str]:
    return {code: values[f"{name}_{code}"] for code in i18n.LANGUAGES if values[f"{name}_{code}"]}


def _spread(name: str, texts: Mapping[str, str] | None) -> dict[str, str]:
    return {f"{name}_{code}": (texts or {}).get(code, "") for code in i18n.LANGUAGES}


class QuestionRow(Row):
    """A question before the first message. Its choices stand one a line; without any the answer is free."""

    TEXTS: ClassVar[tuple[str, ...]] = tuple(f"label_{code}" for code in i18n.LANGUAGES)

    what = SelectField(
        lazy_gettext("Asks for"),
        choices=[
            ("question", lazy_gettext("something of your own")),
            ("name", lazy_gettext("the name")),
            ("email", lazy_gettext("the e-mail address")),
            ("phone", lazy_gettext("the phone number")),
        ],
    )
    required = BooleanField(lazy_gettext("Must be answered before the chat begins"))

    def validate_what(self, field: Any) -> None:
        if field.data != "question":
            return
        if not any(self[name].data for name in self.TEXTS):
            raise ValidationError(_("Write what is asked."))
        if any(len(lines(self[f"choices_{code}"].data or "")) == 1 for code in i18n.LANGUAGES):
            raise ValidationError(_("Write at least two choices, one a line."))


_in_each_language(
    QuestionRow,
    "label",
    lambda language: StringField(
        lazy_gettext("Question (%(language)s)", language=language),
        [Length(max=200)],
        filters=[clean_line],
        render_kw={"dir": "auto"},
    ),
)
_in_each_language(
    QuestionRow,
    "choices",
    lambda language: TextAreaField(
        lazy_gettext("Choices, one a line (%(language)s)", language=language),
        [Length(max=2000)],
        filters=[clean_text],
        render_kw={"rows": 2, "dir": "auto", "data_when": "what:question"},
    ),
)


class ExceptionRow(Row):
    """A day with hours of its own."""

    TEXTS: ClassVar[tuple[str, ...]] = tuple(f"why_{code}" for code in i18n.LANGUAGES)
    MARK: ClassVar[str] = "date"

    date = DateField(lazy_gettext("Day"), [InputRequired(lazy_gettext("Choose a day."))])
    hours = StringField(
        lazy_gettext("Hours"),
        [Length(max=100)],
        description=lazy_gettext("Like 09:00-12:00, 13:00-17:30. Empty: closed all day."),
        filters=[clean_line],
        render_kw={"dir": "ltr"},
    )

    def validate_hours(self, field: Any) -> None:
        problems = rules.problems({"hours": {"mon": rules.parse_spans(field.data or "")}})
        if problems:
            raise ValidationError(" ".join(problems["hours"]))


_in_each_language(
    ExceptionRow,
    "why",
    lambda language: StringField(
        lazy_gettext("Why (%(language)s)", language=language), [Length(max=120)], filters=[clean_line]
    ),
)


def _number(label: Any, unit: Any, **more: Any) -> Any:
    """A whole number; between what it may be, the settings themselves say."""
    told = InputRequired(lazy_gettext("Write a whole number."))
    return IntegerField(label, [told], render_kw={"unit": unit, "inputmode": "numeric", **more.pop("kw", {})}, **more)


class ChatForm(Form):
    """Every setting of the chat but the invitations, which have a page of their own."""

    Meta: ClassVar[Any] = Meta

    routing = RadioField(
        lazy_gettext("A new conversation"),
        choices=[
            ("pick", lazy_gettext("waits in the queue until somebody takes it")),
            ("auto", lazy_gettext("is given to whoever knows the visitor, else to whoever has the least to do")),
        ],
    )
    capacity = _number(
        lazy_gettext("Conversations at once"),
        lazy_gettext("for each operator"),
        description=lazy_gettext("Who has so many is given no more; the next ones wait in the queue."),
        kw={"data_when": "routing:auto"},
    )
    idle_minutes = _number(
        lazy_gettext("Away by itself after"),
        lazy_gettext("minutes without a key or the mouse"),
        description=lazy_gettext("0: never. Whoever comes back is available again."),
    )
    tell_after = _number(
        lazy_gettext("Everybody on the team is told after"),
        lazy_gettext("seconds"),
        description=lazy_gettext(
            "When a visitor waits so long: a louder sound and a notification for all who are there."
        ),
    )
    mail_after = _number(
        lazy_gettext("The team gets an e-mail after"),
        lazy_gettext("seconds"),
        description=lazy_gettext(
            "When still nobody has taken it. Sixty seconds at most, so no visitor waits unnoticed."
        ),
    )
    visitor_files = BooleanField(
        lazy_gettext("Visitors may send files"),
        description=lazy_gettext(
            "Pictures, PDF, plain text and office documents without macros. Operators always may."
        ),
    )
    file_mb = _number(lazy_gettext("Largest file"), "MB")
    preview_typing = BooleanField(
        lazy_gettext("Operators see what visitors type before it is sent"),
        description=lazy_gettext("The panel says so to visitors, above the field they write in."),
    )
    see_visitors = BooleanField(
        lazy_gettext("Operators see who is on the website before anybody writes"),
        description=lazy_gettext(
            "Only who agreed, as your page says by leadcapture.consent(true). Others are seen once they chat."
        ),
    )
    masking = BooleanField(
        lazy_gettext("Card numbers and passwords are made unreadable before they are stored"),
        description=lazy_gettext(
            "Codes beside cards, keys and tokens too. The last four digits of a card stay, so do IBANs."
        ),
    )
    pre_chat = RowsField(
        QuestionRow,
        lazy_gettext("Questions before the first message"),
        max_entries=MOST_QUESTIONS,
        description=lazy_gettext("Every question loses some visitors. Without any, one can write at once."),
    )
    phone = StringField(
        lazy_gettext("Phone"),
        [Optional(), Length(max=40)],
        description=lazy_gettext("Another way to reach you: under e-mails, and in the panel when nobody can answer."),
        filters=[clean_line],
        render_kw={"inputmode": "tel", "dir": "ltr"},
    )
    country = SelectField(
        lazy_gettext("Public holidays of"),
        validate_choice=False,
        description=lazy_gettext("On public holidays the chat is closed, unless a day below says otherwise."),
    )
    subdivision = SelectField(lazy_gettext("Part of the country"), validate_choice=False)
    exceptions = RowsField(
        ExceptionRow,
        lazy_gettext("Days with other hours"),
        max_entries=MOST_EXCEPTIONS,
        description=lazy_gettext("They go before public holidays and before the week's hours."),
    )

    def adapt(self, largest_mb: int) -> None:
        """Offer what there is to choose from, in the language of the moment."""
        self.file_mb.description = _("At most %(number)s MB on this installation.", number=largest_mb)
        territories = Locale.parse(i18n.language()).territories
        named = sorted((str(territories.get(code, code)), code) for code in hours.countries())
        self.country.choices = [("", _("none")), *((code, name) for name, code in named)]
        parts = hours.parts_of(self.country.data or "")
        by_name = sorted(parts.items(), key=lambda part: part[1])
        self.subdivision.choices = [("", _("the whole country")), *by_name]
        if (self.subdivision.data or "") not in parts:
            self.subdivision.data = ""

    def validate_phone(self, field: Any) -> None:
        if field.data and not _PHONE.fullmatch(field.data):
            raise ValidationError(_("Write digits, like +44 20 7946 0958."))

    def validate_country(self, field: Any) -> None:
        if field.data and field.data not in hours.countries():
            raise ValidationError(_("Choose one of the list."))

    def validate_pre_chat(self, field: Any) -> None:
        _once(field, "what", _("This is asked already."), but="question")

    def validate_exceptions(self, field: Any) -> None:
        _once(field, "date", _("This day is there already."))


_in_each_language(
    ChatForm,
    "signature",
    lambda language: TextAreaField(
        lazy_gettext("Signature (%(language)s)", language=language),
        [Length(max=500)],
        description=lazy_gettext("Under replies by e-mail, in the visitor's language."),
        filters=[clean_text],
        render_kw={"rows": 3, "dir": "auto"},
    ),
)


def _once(rows: Any, name: str, sentence: str, but: str = "") -> None:
    """Marks what a row before says already, unless it is `but`."""
    seen, wrong = set(), False
    for entry in rows:
        field = entry.form[name]
        if field.data in seen and field.data not in ("", but, None):
            field.errors, wrong = [*field.errors, sentence], True
        seen.add(field.data)
    if wrong:
        raise ValidationError(sentence)


# ---- to and fro ------------------------------------------------------------------------------------------------------


def form_of(settings: ChatSettings, given: Any = None) -> ChatForm:
    """The form as it stands for these settings, or as it was sent."""
    values = asdict(settings) | _spread("signature", settings.signature)
    values["pre_chat"] = [_question_row(one) for one in settings.pre_chat]
    values["exceptions"] = [_exception_row(one) for one in settings.exceptions]
    return ChatForm(given, data=values)


def values_of(form: ChatForm) -> dict[str, Any]:
    """The settings that a valid form says, all but the invitations."""
    values = {name: value for name, value in form.data.items() if not name.startswith("signature_")}
    values |= {name: values[name] or "" for name in ("phone", "country", "subdivision")}
    values["signature"] = _texts(form.data, "signature")
    values["pre_chat"] = [_question(row) for row in form.data["pre_chat"]]
    values["exceptions"] = sorted(
        (_exception(row) for row in form.data["exceptions"]), key=lambda one: str(one["date"])
    )
    return values


def _question_row(question: Mapping[str, Any]) -> dict[str, Any]:
    choices = {code: "\n".join(one) for code, one in (question.get("choices") or {}).items()}
    return {
        "id": question["name"],
        "what": question["name"] if question["name"] in KNOWN else "question",
        "required": question.get("required", False),
        **_spread("label", question.get("label")),
        **_spread("choices", choices),
    }


def _question(row: Mapping[str, Any]) -> dict[str, Any]:
    label = _texts(row, "label")
    if row["what"] in KNOWN:
        for code in i18n.LANGUAGES:
            with i18n.speaking(code):
                label.setdefault(code, str(KNOWN[row["what"]]))
        return {"name": row["what"], "label": label, "required": row["required"], "choices": None}
    # The answers that are kept go by the name, so it never changes.
    name = row["id"] if re.fullmatch(r"q_\w{1,40}", row["id"] or "") else f"q_{ids.short_code()}"
    choices = {code: lines(text) for code, text in _texts(row, "choices").items()}
    return {"name": name, "label": label, "required": row["required"], "choices": choices or None}


def _exception_row(one: Mapping[str, Any]) -> dict[str, Any]:
    spans = ", ".join("-".join(span) for span in one["spans"])
    return {
        "id": one["date"],
        "date": date.fromisoformat(one["date"]),
        "hours": spans,
        **_spread("why", one.get("why")),
    }


def _exception(row: Mapping[str, Any]) -> dict[str, Any]:
    spans = rules.parse_spans(row["hours"] or "")
    return {"date": row["date"].isoformat(), "spans": spans, "why": _texts(row, "why")}
