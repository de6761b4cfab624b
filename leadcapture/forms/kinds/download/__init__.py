"""A download: files for a confirmed address, by links that end."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session
from wtforms import BooleanField, IntegerField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from leadcapture import filetypes, i18n, signing, uploads
from leadcapture.contacts.models import Contact
from leadcapture.forms import letters
from leadcapture.forms import rules as form_rules
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
)
from leadcapture.forms.kinds.download import example, operations, queries, rules
from leadcapture.forms.models import Form
from leadcapture.i18n import gettext as _
from leadcapture.i18n import lazy_gettext, ngettext
from leadcapture.sites.models import Site


class Owner(NewsletterOffering):
    days = IntegerField(
        lazy_gettext("Days the links work"),
        [InputRequired(lazy_gettext("Write a number of days.")), NumberRange(1, 365)],
        description=lazy_gettext("After that people fill in the form again to get new ones."),
    )
    beside = TextAreaField(
        lazy_gettext("Text beside the files"),
        [Optional(), Length(max=600)],
        filters=[form_rules.clean_text],
        description=lazy_gettext("People read it when they get their links. The files are added under Files."),
    )
    ask_name = BooleanField(lazy_gettext("Ask for a name (people may leave it empty)"), default=False)
    notice = notice_field(lazy_gettext("Stands near the button. Kept word for word with every consent."))


def asks(settings: Settings) -> Sequence[Ask]:
    return (Ask(operations.PURPOSE, "notice", box=False), *newsletter_asks(settings))


def closed(session: Session, now: datetime, form: Form, site: Site) -> str:
    return "" if queries.files(session, form.id) else _("There is nothing to download at the moment.")


def on_confirmed(session: Session, now: datetime, filled: Filled, contact: Contact, effects: Effects) -> Outcome:
    files = queries.files(session, filled.form_id)
    if not files:
        return Outcome(
            title=_("Sorry, there is nothing to download any more"),
            text=_("%(site)s took it away while your address was being confirmed.", site=filled.site.name),
            note=_("You need not do anything more. Your address is confirmed, and is used only as you agreed."),
        )
    days = int(filled.settings.get("days") or 7)
    granted = operations.grant(
        session, now, form_id=filled.form_id, contact_id=contact.id, submission=filled.public_id, days=days
    )
    until = rules.day_words(granted.expires_at, filled.site.timezone, i18n.language())
    outcome = Outcome(
        title=ngettext("Your file is ready", "Your files are ready", len(files)),
        text=KIND.text("beside", filled.settings, filled.site.name),
        links=[(f"{file.name} ({filetypes.size_words(file.size)})", link_to(filled, file.public_id)) for file in files],
        note=ngettext(
            "The link works until %(day)s and is yours alone.",
            "The links work until %(day)s and are yours alone.",
            len(files),
            day=until,
        ),
    )
    letters.send(
        session,
        now,
        site=filled.site,
        to=filled.address,
        language=filled.language,
        outcome=outcome,
        subject=_("Your download from %(site)s", site=filled.site.name),
        why=_("You get this mail because you asked for a download and confirmed your address."),
        contact=contact,
        purpose=KIND.purpose,
        name=filled.name,
        about=filled.public_id,
    )
    return outcome


def link_to(filled: Filled, file: str) -> str:
    """Where the person downloads a file (its public id). The signature is of this submission and this file; how long it
    holds is said by the row of the grant."""
    token = signing.sign("download", f"{filled.public_id}.{file}")
    return f"{letters.form_url(filled.site, filled.form_slug)}/files/{token}"


def on_example(session: Session, now: datetime, form: Form, site: Site) -> None:
    name, content = example.NAME, example.guide(site.name)
    with uploads.received(io.BytesIO(content)) as path:
        stored = uploads.keep(path)
    operations.add_file(
        session,
        now,
        site_id=site.id,
        form_public_id=form.public_id,
        name=name,
        content_type=filetypes.TYPES["pdf"].content_type,
        size=len(content),
        stored=stored,
    )


KIND = FormKind(
    name="download",
    title=lazy_gettext("Download"),
    description=lazy_gettext("A guide, a price list, a recording: files for a confirmed address, by links that end."),
    purpose=operations.PURPOSE,
    texts={
        "title": lazy_gettext("Get it as a file"),
        "intro": lazy_gettext("Leave your e-mail address and download it at once."),
        "button": lazy_gettext("Get the file"),
        "beside": lazy_gettext("Press to download."),
        "notice": lazy_gettext(
            "By sending this you agree that %(site)s uses your e-mail address to give you the download you ask for."
        ),
        "newsletter_statement": NEWSLETTER_STATEMENT,
    },
    asks=asks,
    on_confirmed=on_confirmed,
    on_example=on_example,
    closed=closed,
    forget=operations.forget,
    held=queries.told_of,
    visitor_form=NamedVisitorForm,
    settings_form=Owner,
    defaults={"ask_name": False, "newsletter": False, "days": 7},
    example=Preset(
        lazy_gettext("A guide"),
        settings={
            "newsletter": True,
            "texts": {
                "en": {
                    "title": "The guide to your new kitchen",
                    "intro": "Twelve questions to ask before you order. Leave your e-mail address and download it.",
                },
                "ar": {
                    "title": "دليل مطبخك الجديد",
                    "intro": "اثنا عشر سؤالًا قبل أن تطلب. اترك عنوان بريدك الإلكتروني وحمّله.",
                },
            },
        },
    ),
    manage="console_download.files",
    manage_label=lazy_gettext("Files"),
)
