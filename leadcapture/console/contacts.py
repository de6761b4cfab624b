"""The contacts: a list to search, one page each with all that is known and why, and the export."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from leadcapture import db, web
from leadcapture.chat import summaries
from leadcapture.consent import queries as consent
from leadcapture.contacts import export, finding, queries
from leadcapture.forms import operations as form_operations
from leadcapture.forms import queries as forms
from leadcapture.i18n import gettext as _
from leadcapture.operators import session
from leadcapture.privacy import erasing
from leadcapture.privacy.proof import pack as proofs
from leadcapture.repermission.rules import same_words

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
        "re_permission": _("Answered the mail that asked again"),
        "no_answer": _("Ended because the mail that asked again stayed unanswered"),
    }.get(method, method)


@blueprint.get("/console/contacts")
@session.require()
def list_contacts() -> str:
    """The newest contacts that match, fifty a page; of those who agree to a purpose, or to one version of its words,
    where one is asked for."""
    search = request.args.get("search", "").strip()[:200]
    status = request.args.get("status", "")
    purpose, version = request.args.get("purpose", "")[:60], request.args.get("version", "")[:40]
    before = request.args.get("before", type=int)
    site = session.current_site()
    with db.read() as reading:
        agreed = consent.versions_of(reading, site.id, purpose) if purpose else []
        same = [one for one in agreed if same_words(one, version)] if version else []
        words = consent.words(reading, site.id, purpose, same[0]) if same else ""
        purposes = consent.purposes(reading, site.id)
        wanted = same if version else agreed
        found, next_before = finding.page(
            reading,
            site.id,
            before_id=before,
            search=search,
            status=status or None,
            where=consent.who_agrees(purpose, wanted) if purpose else None,
            among=consent.newest_who_agree(reading, site.id, purpose, wanted, before_id=before, limit=finding.FEW + 1),
        )
    asked: dict[str, Any] = {"search": search, "status": status, "purpose": purpose, "version": version}
    asked = {name: value or None for name, value in asked.items()}
    return render_template(
        "console/contacts.html",
        contacts=found,
        search=search,
        status=status,
        purpose=purpose,
        version=version if same else "",
        words=words,
        purposes=purposes,
        statuses=finding.STATUSES,
        newest=url_for(".list_contacts", **asked) if before else None,
        older=url_for(".list_contacts", **asked, before=next_before) if next_before else None,
    )


@blueprint.get("/console/contacts/<public_id>")
@session.require()
def contact(public_id: str) -> str:
    """One contact: what the person agreed to and withdrew, sent, and wrote."""
    return _page(public_id)


@blueprint.post("/console/contacts/<public_id>/erase")
@session.require("admin")
def erase(public_id: str) -> str | tuple[str, int] | Answer:
    """Erase everything about the person, once their address was typed as it stands there."""
    site = session.current_site()
    with db.read() as reading:
        found = queries.by_public_id(reading, site.id, public_id)
    if request.form.get("address", "").strip().casefold() not in {found.email.casefold(), found.email_key}:
        return _page(public_id, problem=_("This is not the address of this contact. Nothing was erased.")), 422
    erasing.erase_now(found, "operator")
    flash(_("Everything about this person is erased."), "good")
    return redirect(url_for(".list_contacts"))


def _page(public_id: str, *, problem: str = "") -> str:
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
            problem=problem,
        )


@blueprint.get("/console/contacts.csv")
@session.require("admin")
def download() -> Response:
    """Every contact of the site as CSV, as it is read from the database."""
    return web.csv_download("contacts", export.csv_rows, session.current_site().id)
