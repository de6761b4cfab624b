"""A webinar: sessions with a number of seats, a waiting list that moves up by itself, calendar entries, reminders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import available_timezones

from babel.dates import format_datetime
from sqlalchemy.orm import Session
from wtforms import BooleanField, IntegerField, RadioField, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError

from leadcapture import clock
from leadcapture.contacts.models import Contact
from leadcapture.errors import Invalid
from leadcapture.forms import queries as forms
from leadcapture.forms import rules as form_rules
from leadcapture.forms.fields import LocalDateTimeField, Row, RowsField, local_of
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
    notice_field,
    words,
)
from leadcapture.forms.kinds.webinar import operations, queries, rules, telling, wording
from leadcapture.forms.kinds.webinar.models import WebinarSession
from leadcapture.forms.models import Form
from leadcapture.i18n import gettext as _
from leadcapture.i18n import language, lazy_gettext
from leadcapture.sites.models import Site


class Visitor(NamedVisitorForm):
    session = RadioField(lazy_gettext("Session"), [DataRequired(lazy_gettext("Choose a session."))], choices=[])

    def adapt(self, settings: Settings) -> None:
        super().adapt(settings)
        rows = settings.get("sessions") or ()
        self.session.choices = settings.get("offered") or [(row["id"], _row_words(row)) for row in rows]
        if len(self.session.choices) == 1 and not self.session.data:
            self.session.data = self.session.choices[0][0]
        self._fields = {"session": self._fields["session"], **self._fields}


class SessionRow(Row):
    TEXTS: ClassVar[tuple[str, ...]] = ("title",)

    title = StringField(
        lazy_gettext("Title"),
        [Optional(), Length(max=160)],
        filters=[form_rules.clean_line],
        description=lazy_gettext("Left empty, the form's own title."),
    )
    starts = LocalDateTimeField(lazy_gettext("Begins"), [InputRequired(lazy_gettext("Say when it begins."))])
    timezone = SelectField(
        lazy_gettext("Time zone"),
        choices=lambda: [("", str(lazy_gettext("the site's"))), *((name, name) for name in rules.zones())],
        default="",
        validate_choice=False,  # the site may be in one that is not offered
    )
    minutes = IntegerField(lazy_gettext("Length in minutes"), [NumberRange(5, 1440)], default=rules.MINUTES)
    capacity = IntegerField(lazy_gettext("Seats (0: no limit)"), [NumberRange(0, 100_000)], default=0)
    room_url = StringField(
        lazy_gettext("Link to the room"),
        [Optional(), Length(max=2000)],
        filters=[form_rules.clean_line],
        description=lazy_gettext("Only who is seated is led there, from 15 minutes before the session begins."),
    )
    cancelled = BooleanField(lazy_gettext("Cancelled"))

    def validate_timezone(self, field: Any) -> None:
        if field.data and field.data not in available_timezones():
            raise ValidationError(_("Choose a time zone from the list."))

    def validate_room_url(self, field: Any) -> None:
        if field.data and not form_rules.clean_url(field.data):
            raise ValidationError(_("Write the whole address, beginning with https://."))


class Owner(NewsletterOffering):
    sessions = RowsField(
        SessionRow,
        lazy_gettext("Sessions"),
        description=lazy_gettext(
            "Whoever is registered is told when a session is moved, cancelled or struck off this list. "
            "Where seats are added, who waits moves up."
        ),
        max_entries=50,
    )
    ask_name = BooleanField(lazy_gettext("Ask for a name (people may leave it empty)"), default=True)
    notice = notice_field(
        lazy_gettext("Stands near the button. Kept word for word with every registration."),
        lazy_gettext("What registering means"),
    )


def asks(settings: Settings) -> Sequence[Ask]:
    return (Ask("webinar", "notice", box=False), *newsletter_asks(settings))


def obstacles(site: Site, settings: Settings) -> Sequence[str]:
    return () if settings.get("sessions") else (_("There is no session yet: enter one first."),)


def offered(session: Session, now: datetime, form: Form, site: Site) -> Settings:
    """The settings with the sessions that can be chosen now, as visitors read them."""
    seated = queries.seated_by_row(session, form.id)
    choices = []
    for meeting in _open_sessions(now, form, site):
        full = rules.free_seats(meeting.capacity, seated.get(meeting.row_id, 0)) == 0
        choices.append((meeting.row_id, wording.choice(form, meeting, full=full)))
    return {**form.settings, "offered": choices}


def closed(session: Session, now: datetime, form: Form, site: Site) -> str:
    return "" if _open_sessions(now, form, site) else _("No session is planned right now. Look in again later.")


def data(session: Session, now: datetime, form: Form, site: Site) -> Mapping[str, Any]:
    return {
        "sessions": [
            {"id": meeting.row_id, "starts": clock.wire(meeting.starts_at), "timezone": meeting.timezone}
            for meeting in _open_sessions(now, form, site)
        ],
        "yours": _("On your clock: %(time)s", time="{time}"),
    }


def summary(settings: Settings, data: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    chosen = next((row for row in settings.get("sessions") or () if row["id"] == data.get("session")), None)
    return [(_("Session"), _row_words(chosen))] if chosen else []


def on_accepted(session: Session, now: datetime, filled: Filled, effects: Effects) -> None:
    meeting = queries.by_row(session, filled.form_id, filled.data["session"])
    if meeting is None or not rules.takes_people(meeting.starts_at, cancelled=meeting.cancelled, now=now):
        sentence = _("This session takes nobody any more. Choose another one.")
        raise Invalid(_("Check the marked fields."), fields={"session": [sentence]})


def on_confirmed(session: Session, now: datetime, filled: Filled, contact: Contact, effects: Effects) -> Outcome:
    meeting = queries.by_row(session, filled.form_id, filled.data["session"])
    if meeting is None:
        return wording.too_late(filled.site.name)
    seat = operations.take(session, now, session_id=meeting.id, contact_id=contact.id, language=filled.language)
    if seat is None:
        return wording.too_late(filled.site.name)
    held = queries.held(session, seat.public_id)
    return telling.registered(session, now, held, queries.waiting_before(session, seat))


def on_saved(session: Session, now: datetime, form: Form, site: Site, before: Settings) -> None:
    """Take the sessions over; one without a zone of its own is in the site's as it is now, and stays there."""
    rows = [{**row, "timezone": row.get("timezone") or site.timezone} for row in form.settings.get("sessions") or ()]
    form.settings = {**form.settings, "sessions": rows}
    seen = forms.version(session, form.id, form.version)
    if seen is not None:
        seen.settings = form.settings
    operations.take_over(session, now, form=form)


def on_example(session: Session, now: datetime, form: Form, site: Site) -> None:
    """Sessions in the days to come, for the demo's own are always in the future."""
    # The demo's shop was opened a month before it is looked at.
    day = local_of(now, site.timezone).replace(hour=17, minute=0)
    rows = [
        _example_row("first", day + timedelta(days=36), 0),
        _example_row("second", day + timedelta(days=43), 25),
        _example_row("third", day + timedelta(days=120), 25),
    ]
    form.settings = {**form.settings, "sessions": rows}
    on_saved(session, now, form, site, {})


def _open_sessions(now: datetime, form: Form, site: Site) -> list[WebinarSession]:
    """The sessions in the form's settings, saved or not yet, that neither have begun nor are cancelled; by time."""
    rows = form.settings.get("sessions") or ()
    planned = [WebinarSession(row_id=row.get("id") or "", **rules.planned(row, site.timezone)) for row in rows]
    coming = [one for one in planned if rules.takes_people(one.starts_at, cancelled=one.cancelled, now=now)]
    return sorted(coming, key=lambda meeting: meeting.starts_at)


def _example_row(row_id: str, starts: datetime, capacity: int) -> dict[str, Any]:
    return {
        "id": row_id,
        "title": {"en": "Choosing the right chair", "ar": "كيف تختار الكرسي المناسب"},
        "starts": starts.strftime("%Y-%m-%dT%H:%M"),
        "timezone": "",
        "minutes": 45,
        "capacity": capacity,
        "room_url": "https://meet.example.org/demo-shop",
        "cancelled": False,
    }


def _row_words(row: Mapping[str, Any]) -> str:
    starts = datetime.fromisoformat(row["starts"])
    parts = [words(row.get("title")), format_datetime(starts, "medium", locale=language()), row.get("timezone") or ""]
    return " · ".join(part for part in parts if part)


KIND = FormKind(
    name="webinar",
    title=lazy_gettext("Webinar"),
    description=lazy_gettext(
        "People register for a session: seats, a waiting list, calendar entries and reminders by themselves."
    ),
    purpose="webinar",
    texts={**wording.TEXTS, "newsletter_statement": NEWSLETTER_STATEMENT},
    asks=asks,
    on_accepted=on_accepted,
    on_confirmed=on_confirmed,
    on_saved=on_saved,
    on_example=on_example,
    forget=operations.forget,
    held=queries.told_of,
    obstacles=obstacles,
    closed=closed,
    offered=offered,
    data=data,
    summary=summary,
    visitor_form=Visitor,
    settings_form=Owner,
    defaults={"ask_name": True, "newsletter": False, "sessions": []},
    example=Preset(lazy_gettext("Webinar"), settings={"newsletter": True}),
    manage="webinar.seats",
    manage_label=lazy_gettext("Registrants"),
)
