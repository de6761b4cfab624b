"""The contacts: a list to search, one page each with all that is known and why, and the export."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request, url_for

from leadcapture import db, web
from leadcapture.chat import summaries
from leadcapture.consent import queries as consent
from leadcapture.contacts import export, queries
from leadcapture.forms import operations as form_operations
from leadcapture.forms import queries as forms
from leadcapture.i18n import gettext as _
from leadcapture.operators import session
from leadcapture.privacy.proof import pack as proofs

blueprint = Blueprint("console_contacts", __name__)


@blueprint.app_template_filter("contact_status")
def status_words(status: str) -> tuple[str, str]:
    """What a contact's status is called, and its tone (see the macro `badge`)."""
    return {
        "confirmed": (_("Confirmed"), "good"),
        "unsubscribed": (_("Unsubscribed"), "plain"),
        "suppressed": (_("Suppressed"), "bad"),
    }.get(status, (status, "plain"))


@blueprint.app_template_filter("consent_method")
def method_words(method: str) -> str:
    """By what act a consent was given or withdrawn."""
    return {
        "button": _("Pressed the button on the page that the mail leads to"),
        "code": _("Typed the code from the mail"),
        "unsubscribe_link": _("Unsubscribed by the link in a mail"),
        "one_click": _("Unsubscribed by the button of the mail program"),
        "preferences": _("Changed the choices on the preferences page"),
        "operator": _("An operator did it on request"),
    }.get(method, method)


@blueprint.get("/console/contacts")
@session.require()
def list_contacts() -> str:
    """The newest contacts that match, fifty a page."""
    search = request.args.get("search", "").strip()[:200]
    status = request.args.get("status", "")
    before = request.args.get("before", type=int)
    site = session.current_site()
    with db.read() as reading:
        found, next_before = queries.page(reading, site.id, before_id=before, search=search, status=status or None)
    asked: dict[str, Any] = {"search": search or None, "status": status or None}
    return render_template(
        "console/contacts.html",
        contacts=found,
        search=search,
        status=status,
        statuses=queries.STATUSES,
        newest=url_for(".list_contacts", **asked) if before else None,
        older=url_for(".list_contacts", **asked, before=next_before) if next_before else None,
    )


@blueprint.get("/console/contacts/<public_id>")
@session.require()
def contact(public_id: str) -> str:
    """One contact: what the person agreed to and withdrew, sent, and wrote."""
    site = session.current_site()
    with db.read() as reading:
        found = queries.by_public_id(reading, site.id, public_id)
        filled = forms.submissions_of_contact(reading, found.id)
        return render_template(
            "console/contact.html",
            contact=found,
            consents=consent.history(reading, found.id),
            granted=consent.granted(reading, found.id),
            submissions=[(sent, form, form_operations.summary(reading, sent)) for sent, form in filled],
            conversations=summaries.of_contact(reading, site.id, found.id),
            proof=proofs.position(reading, site, found),
        )


@blueprint.get("/console/contacts.csv")
@session.require("admin")
def download() -> Response:
    """Every contact of the site as CSV, as it is read from the database."""
    return web.csv_download("contacts", export.csv_rows, session.current_site().id)
