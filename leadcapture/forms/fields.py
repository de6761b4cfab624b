"""The fields that visitors' and owners' forms are made of, beside those of WTForms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import wtforms
from wtforms import EmailField, FieldList, Form, FormField, HiddenField, RadioField, StringField, TelField
from wtforms.fields import DateTimeLocalField, SelectMultipleField
from wtforms.utils import unset_value
from wtforms.validators import DataRequired, Length, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from leadcapture import addresses, i18n
from leadcapture.addresses import Address
from leadcapture.errors import Invalid
from leadcapture.forms import rules
from leadcapture.i18n import gettext as _
from leadcapture.i18n import lazy_gettext

# What WTForms would say, in our words.
SENTENCES: Mapping[str, Any] = {
    "This field is required.": lazy_gettext("Fill this in."),
    "Not a valid integer value.": lazy_gettext("Write a whole number."),
    "Not a valid decimal value.": lazy_gettext("Write a number."),
    "Not a valid float value.": lazy_gettext("Write a number."),
    "Not a valid date value.": lazy_gettext("Write a day like 2026-12-01."),
    "Not a valid datetime value.": lazy_gettext("Write a day and a time like 2026-12-01 10:00."),
    "Not a valid choice.": lazy_gettext("Choose one of the list."),
    "Invalid Choice: could not coerce.": lazy_gettext("Choose one of the list."),
    "Number must be at least %(min)s.": lazy_gettext("At least %(min)s."),
    "Number must be at most %(max)s.": lazy_gettext("At most %(max)s."),
    "Number must be between %(min)s and %(max)s.": lazy_gettext("Between %(min)s and %(max)s."),
    "Invalid URL.": lazy_gettext("Write a whole address that begins with https://."),
    "Invalid input.": lazy_gettext("This cannot be used."),
}


LONGEST_NUMBER = 15


class _Translations:
    def gettext(self, text: str) -> str:
        return str(SENTENCES[text]) if text in SENTENCES else i18n.gettext(text)

    def ngettext(self, one: str, many: str, count: int) -> str:
        if "longer than" in many:
            return i18n.ngettext("At most %(max)d character.", "At most %(max)d characters.", count, max=count)
        if "at least" in many:
            return i18n.ngettext("At least %(min)d character.", "At least %(min)d characters.", count, min=count)
        if "valid choice" in many or "valid choices" in many:
            return i18n.gettext("Choose from the list.")
        return one if count == 1 else many


class Meta:
    """Of every form: what WTForms itself says is said in the language of the moment."""

    def get_translations(self, form: Any) -> _Translations:  # noqa: ARG002 the signature is WTForms's
        return _Translations()


class DecimalField(wtforms.DecimalField):
    """A number as people mean it: finite, neither longer nor finer than LONGEST_NUMBER digits. WTForms takes NaN and
    1e999999 too, and breaks on the former."""

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata([text[:100] for text in valuelist])
        number = self.data
        if number and not (number.is_finite() and abs(number.adjusted()) <= LONGEST_NUMBER):
            self.data = None
            raise ValueError(self.gettext("Not a valid decimal value."))


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


class PhoneField(TelField):
    """A phone number. Once valid, `data` is the number in E.164 form ("+442079460958"). A number without a country
    code is read as one of `region` (ISO 3166, "GB"); with no region every number must begin with +."""

    def __init__(self, label: Any = None, validators: Any = None, region: str = "", **rest: Any) -> None:
        rest.setdefault("filters", [rules.clean_line])
        rest["render_kw"] = {"autocomplete": "tel", "inputmode": "tel", **rest.get("render_kw", {})}
        super().__init__(label, validators, **rest)
        self.region = region

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002 the signature is WTForms's
        if not self.data:
            return
        import phonenumbers  # here, because it takes long and starting must not

        try:
            number = phonenumbers.parse(rules.western_digits(self.data), self.region or None)
        except phonenumbers.NumberParseException as error:
            raise ValidationError(self._sentence()) from error
        if not phonenumbers.is_valid_number(number):
            raise ValidationError(self._sentence())
        self.data = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

    def _sentence(self) -> str:
        if self.region:
            return _("This is no phone number. Check the digits; numbers of other countries begin with +.")
        return _("This is no phone number. Begin with + and the country's code, like +44 20 7946 0958.")


def phone_text(number: str, region: str = "") -> str:
    """A number in E.164 form as people write it: nationally within `region`, else internationally."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return number
    national = region and phonenumbers.region_code_for_number(parsed) == region
    format_ = phonenumbers.PhoneNumberFormat
    return str(phonenumbers.format_number(parsed, format_.NATIONAL if national else format_.INTERNATIONAL))


class MoneyField(DecimalField):
    """An amount of money, zero or more, exact to two places; `data` is a Decimal."""

    def __init__(self, label: Any = None, validators: Any = None, **rest: Any) -> None:
        rest["render_kw"] = {"inputmode": "decimal", **rest.get("render_kw", {})}
        super().__init__(label, validators, places=None, **rest)

    def process_formdata(self, valuelist: list[str]) -> None:
        if not valuelist or not valuelist[0].strip():
            return
        text = rules.western_digits(valuelist[0].strip()).replace("\u066b", ".").replace(",", ".")
        try:
            self.data = Decimal(text)
        except InvalidOperation:
            self.data = None
        if (
            self.data is None
            or not self.data.is_finite()
            or not 0 <= self.data < 10**9
            or self.data != round(self.data, 2)
        ):
            self.data = None
            raise ValueError(_("Write an amount like 12.50."))
        self.data = round(self.data, 2)


class LocalDateTimeField(DateTimeLocalField):
    """A day and time on the clocks of the site's zone; see `moment_of`."""

    def __init__(self, label: Any = None, validators: Any = None, **rest: Any) -> None:
        super().__init__(label, validators, format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"], **rest)

    def process_data(self, value: Any) -> None:
        # Settings keep it as text.
        self.data = datetime.fromisoformat(value) if isinstance(value, str) and value else value

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(_("Write a day and a time like 2026-12-01 10:00.")) from error


def moment_of(text: str, timezone: str) -> datetime:
    """The moment (aware UTC) when clocks in `timezone` (IANA) show what `text` says ("2026-12-01T10:00"). A time that
    clocks skip is taken as if they had not been changed yet, one that they show twice as its first."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def local_of(moment: datetime, timezone: str) -> datetime:
    """What clocks in `timezone` (IANA) show at that moment."""
    return moment.astimezone(ZoneInfo(timezone))


class StarsField(RadioField):
    """One to five stars."""

    def __init__(self, label: Any = None, validators: Any = None, **rest: Any) -> None:
        super().__init__(label, validators, choices=[(str(number), "") for number in range(5, 0, -1)], **rest)

    def iter_choices(self) -> Any:
        for number in range(5, 0, -1):
            words = i18n.ngettext("%(num)d star", "%(num)d stars", number)
            yield (str(number), words, self.data == str(number), {})


class ChecksField(SelectMultipleField):
    """Any number of choices, a box each; `data` is a list."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class Row(Form):
    """One entry of an owner's list. `id` stays the same for ever, so that what visitors sent goes on meaning it.
    `TEXTS` names the fields that visitors read: they are kept by language. `MARK` is the field, if any, whose value
    owners know the row by besides its first text; the editor shows it while the row is folded."""

    Meta: ClassVar[Any] = Meta
    TEXTS: ClassVar[tuple[str, ...]] = ()
    MARK: ClassVar[str] = ""

    id = HiddenField()


class RowsField(FieldList):  # type: ignore[type-arg]  # the stubs make the class generic, the library does not
    """A list that an owner makes, row by row; `data` is a list of dictionaries."""

    def __init__(self, row: type[Row], label: Any = None, **rest: Any) -> None:
        super().__init__(FormField(row), label, **{"max_entries": 50, **rest})
        self.row = row
        # Fits a row to the form it stands in, such as its choices; done to rows that are added, too.
        self.prepare: Callable[[Any], None] = lambda _entry: None

    def append_entry(self, data: Any = unset_value) -> Any:
        entry = super().append_entry(data)
        self.prepare(entry)
        return entry


def words(texts: Mapping[str, str] | str | None) -> str:
    """A row's text in the language of the moment, else in the first that it was written in; empty when in none."""
    if not texts:
        return ""
    if isinstance(texts, str):
        return texts
    return texts.get(i18n.language()) or next((text for text in texts.values() if text), "")


def name_field(*, required: bool = False) -> Any:
    """The visitor's name, as every kind asks for it."""
    length = Length(max=120, message=lazy_gettext("At most 120 characters."))
    presence = DataRequired(lazy_gettext("Enter your name.")) if required else Optional()
    return StringField(
        lazy_gettext("Name"), [presence, length], filters=[rules.clean_line], render_kw={"autocomplete": "name"}
    )


def email_field() -> Any:
    """The visitor's address, as every kind asks for it."""
    return AddressField(
        lazy_gettext("E-mail"),
        [DataRequired(lazy_gettext("Enter your e-mail address."))],
        filters=[rules.clean_line],
        render_kw={"autocomplete": "email", "inputmode": "email"},
    )


def kept(value: Any) -> Any:
    """A field's value as JSON keeps it: decimals and days as text."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M")
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: kept(one) for name, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [kept(one) for one in value]
    return value
