"""Leaving, and everything that a person may see and change of what is kept about them.

The token in the address is all the authority there is: no cookie, no sign-in. Looking changes nothing, and all of it
works without scripts.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, make_response, request

from leadcapture import clock, db, web
from leadcapture.consent import operations as consent
from leadcapture.errors import Conflict, Invalid
from leadcapture.forms.rules import clean_line
from leadcapture.guard import ceilings
from leadcapture.i18n import gettext as _
from leadcapture.privacy import access, held, preferences, rules
from leadcapture.privacy.overview import overview
from leadcapture.privacy.proof import pack as packs
from leadcapture.privacy.proof import receipts, rendering

blueprint = Blueprint("privacy", __name__)


# ---- leaving --------------------------------------------------------------------------------------------------------


@blueprint.get("/unsubscribe/<token>")
def ask(token: str) -> Response:
    """One button."""
    contact, site = access.whose("unsubscribe", token)
    access.looked(contact, "unsubscribe")
    return access.page("privacy/unsubscribe.html", site, contact, action=access.here())


@blueprint.post("/unsubscribe/<token>")
def unsubscribe(token: str) -> Response:
    """Withdraw everything: by the page's button, or by the mail program itself (RFC 8058), which gets its 200 at once
    and is always believed."""
    contact, site = access.whose("unsubscribe", token)
    one_click = request.form.get("List-Unsubscribe") == "One-Click"
    if not one_click and (doubt := access.in_doubt(contact, site)):
        return doubt
    method = "one_click" if one_click else "unsubscribe_link"
    db.write(consent.withdraw, clock.now(), contact=contact, method=method, **access.asker().trace())
    return access.page("privacy/unsubscribed.html", site, contact)


# ---- preferences ----------------------------------------------------------------------------------------------------


@blueprint.get("/preferences/<token>")
def show(token: str) -> Response:
    """What is held about the person and why, and all that they can change of it."""
    contact, site = access.whose("preferences", token)
    access.looked(contact, "preferences")
    return overview(contact, site)


@blueprint.post("/preferences/<token>")
def save(token: str) -> Response:
    """Withdraw what was shown and is no longer ticked, record what is newly agreed to, keep how to be reached."""
    contact, site = access.whose("preferences", token)
    if doubt := access.in_doubt(contact, site):
        return doubt
    try:
        asker = access.asker()
        contact = db.write(preferences.save, clock.now(), contact_id=contact.id, wishes=_wishes(), asker=asker)
    except (Invalid, Conflict) as error:
        return overview(contact, site, problem=error)
    return overview(contact, site, done=_("Saved."))


@blueprint.post("/preferences/<token>/stop")
def stop(token: str) -> Response:
    """One click: everything is withdrawn."""
    contact, site = access.whose("preferences", token)
    if doubt := access.in_doubt(contact, site):
        return doubt
    contact = db.write(preferences.stop_everything, clock.now(), contact_id=contact.id, asker=access.asker())
    return overview(contact, site, done=_("Everything is stopped. %(site)s sends nothing more.", site=site.name))


@blueprint.post("/preferences/<token>/pause")
def pause(token: str) -> Response:
    """No news for 30 or 90 days, or again at once (`days` 0)."""
    contact, site = access.whose("preferences", token)
    if doubt := access.in_doubt(contact, site):
        return doubt
    days = request.form.get("days", type=int)
    try:
        contact = db.write(
            preferences.pause,
            clock.now(),
            contact_id=contact.id,
            days=-1 if days is None else days,
            asker=access.asker(),
        )
    except Invalid as error:
        return overview(contact, site, problem=error)
    return overview(contact, site, done=_("The pause has begun.") if days else _("The pause is over."))


@blueprint.get("/preferences/<token>/data.json")
def download_json(token: str) -> Response:
    """Everything held about the person, for a program to read."""
    contact, site = access.whose("preferences", token)
    with db.read() as session:
        everything = held.everything(session, clock.now(), site=site, contact=contact)
    return _attached(jsonify(everything), "json")


@blueprint.get("/preferences/<token>/data.csv")
def download_csv(token: str) -> Response:
    """The same as a table."""
    contact, site = access.whose("preferences", token)
    with db.read() as session:
        everything = held.everything(session, clock.now(), site=site, contact=contact)
    # A spreadsheet takes a file without this mark for one in the code page of its country.
    lines = "\ufeff" + "".join(held.csv_lines(everything))
    return _attached(make_response(lines, {"Content-Type": "text/csv; charset=utf-8"}), "csv")


# ---- the receipt ----------------------------------------------------------------------------------------------------


@blueprint.get("/preferences/<token>/receipt.json")
def receipt_json(token: str) -> Response:
    """The proof of what the person agreed to, for a program to check."""
    contact, site = access.whose("preferences", token)
    return _attached(Response(packs.written(_proof(contact, site)), mimetype="application/json"), "json", "proof")


@blueprint.get("/preferences/<token>/receipt.pdf")
def receipt_pdf(token: str) -> Response:
    """The same to read and to print."""
    contact, site = access.whose("preferences", token)
    return _attached(Response(rendering.pdf_aside(_proof(contact, site)), mimetype="application/pdf"), "pdf", "proof")


@blueprint.post("/preferences/<token>/receipt")
def receipt(token: str) -> Response:
    """Mail the person the proof."""
    contact, site = access.whose("preferences", token)
    mailed = db.write(receipts.send, clock.now(), site=site, contact=contact, public_url=access.public_url())
    if mailed is None:
        return overview(contact, site, problem=Conflict(_("You have had the mails of today. Try again tomorrow.")))
    return overview(contact, site, done=_("The receipt is on its way to you."))


# ---- parts ----------------------------------------------------------------------------------------------------------


def _wishes() -> rules.Wishes:
    """What was chosen on the page. Raises Invalid with what must be mended."""
    fields = web.body()
    agree = {tuple(reversed(one.partition(" ")[::2])) for one in fields.getlist("agree")}
    channel = fields.get("channel")
    if channel is not None and channel not in rules.CHANNELS:
        raise Invalid(_("Choose how you want to be reached."))
    asked = channel is not None
    return rules.Wishes(
        shown=frozenset(fields.getlist("shown")),
        keep=frozenset(fields.getlist("keep")),
        agree=frozenset((purpose, version) for purpose, version in agree),
        channel=channel,
        call_hours=rules.call_hours(fields.get("from", ""), fields.get("to", "")) if channel == "phone" else None,
        name=clean_line(fields["name"])[:120] if asked and "name" in fields else None,
        phone=rules.phone_number(fields["phone"], channel or "") if asked and "phone" in fields else None,
    )


def _proof(contact: Any, site: Any) -> dict[str, Any]:
    # Making one takes a second of the machine.
    ceilings.plain(web.client_ip())
    return db.write(packs.build, clock.now(), site=site, contact=contact, public_url=access.public_url())


def _attached(response: Response, ending: str, name: str = "what-is-kept-about-me") -> Response:
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    return access.private(response)
