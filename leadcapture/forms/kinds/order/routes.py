"""The shop's orders in the console: a list by state, one page each, and the file for the books."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from leadcapture import clock, db, web
from leadcapture.errors import Conflict, Invalid
from leadcapture.forms.fields import phone_text, words
from leadcapture.forms.kinds.order import export, operations, queries, rules, wording
from leadcapture.i18n import gettext as _
from leadcapture.operators import session

console = Blueprint("order_console", __name__)
blueprints = [console]

TABS = ("new", "accepted", "done", "declined")


@console.get("/console/forms/<public_id>/orders")
@session.require()
def orders(public_id: str) -> str:
    """The newest orders, fifty a page; `state` shows those in one state, `waiting` those not confirmed yet."""
    asked = request.args.get("state", "")
    before = request.args.get("before", type=int)
    state = asked if asked in rules.STATES else None
    with db.read() as reading:
        form = queries.form(reading, session.current_site().id, public_id)
        found, older = queries.page(reading, form.id, state=state, before=before)
        waiting = queries.waiting(reading, form.id) if asked == "waiting" else ()
        counts = queries.counts(reading, form.id)
    here: dict[str, Any] = {"public_id": public_id, "state": asked or None}
    return render_template(
        "forms/kinds/order/orders.html",
        form=form,
        orders=[(order, wording.goods(order), wording.total(order)) for order in found],
        waiting=[(sent, rules.bill(seen.settings, sent.data), seen.settings["currency"]) for sent, seen in waiting],
        state=asked if asked in (*rules.STATES, "waiting") else "",
        tabs=[(name, wording.state(name)[0], counts[name]) for name in TABS],
        counts=counts,
        badge_of=wording.state,
        money=wording.money,
        newest=url_for(".orders", **here) if before else None,
        older=url_for(".orders", **here, before=older) if older else None,
    )


@console.get("/console/forms/<public_id>/orders/<order_id>")
@session.require()
def order(public_id: str, order_id: str) -> str:
    """One order: what was asked for, by whom, and what can be made of it."""
    return _order_page(public_id, order_id)


@console.post("/console/forms/<public_id>/orders/<order_id>")
@session.require()
def change(public_id: str, order_id: str) -> tuple[str, int] | AnyResponse:
    """Put the order into another state, unless somebody else was faster: then nothing is changed, and this is said."""
    state = request.form.get("state", "")
    try:
        changed = db.write(
            operations.change,
            clock.now(),
            site_id=session.current_site().id,
            form_public_id=public_id,
            public_id=order_id,
            seen=request.form.get("seen", ""),
            state=state,
            by=session.current_operator().name,
            note=request.form.get("note", ""),
            mail=state in request.form.getlist("mail"),
        )
    except (Conflict, Invalid) as error:
        flash(error.message, "bad")
        return _order_page(public_id, order_id, note=request.form.get("note", "")), error.status
    told = state in request.form.getlist("mail") and changed.email
    flash(_("Changed. The customer is told by e-mail.") if told else _("Changed. No e-mail was sent."), "good")
    return redirect(url_for(".order", public_id=public_id, order_id=order_id))


@console.get("/console/forms/<public_id>/orders.csv")
@session.require("admin")
def download(public_id: str) -> Response:
    """Every order of the form as CSV, as it is read from the database."""
    with db.read() as reading:
        form = queries.form(reading, session.current_site().id, public_id)
    return web.csv_download("orders", export.csv_rows, form.id)


def _order_page(public_id: str, order_id: str, note: str = "") -> str:
    with db.read() as reading:
        form = queries.form(reading, session.current_site().id, public_id)
        found = queries.by_public_id(reading, form.id, order_id)
        changes = queries.changes(reading, found.id)
        contact = queries.contact_public_id(reading, found)
    settings, rows = form.settings, wording.order_rows(found)
    country = wording.country(found.country) if found.country else ""
    return render_template(
        "forms/kinds/order/order.html",
        form=form,
        order=found,
        rows=rows[0],
        total=rows[1],
        badge_of=wording.state,
        delivery=words(found.delivery["label"]) if found.delivery else "",
        address=[part for part in (found.street, f"{found.postcode} {found.city}".strip(), country) if part],
        phone=phone_text(found.phone, settings.get("phone_region") or "") if found.phone else "",
        contact=contact,
        changes=changes,
        next=[(state, *_button(state), bool(settings.get(f"mail_{state}", True))) for state in rules.NEXT[found.state]],
        note=note,
        note_length=operations.NOTE_LENGTH,
    )


def _button(state: str) -> tuple[str, str]:
    return {
        "accepted": (_("Accept"), "primary"),
        "declined": (_("Decline"), "danger"),
        "done": (_("Mark as done"), "primary"),
    }[state]
