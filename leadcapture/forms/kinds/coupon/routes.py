"""The owner's page of the codes, and the three calls of the shop's checkout."""

from __future__ import annotations

from typing import Any

from babel.numbers import list_currencies
from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from leadcapture import clock, db, web
from leadcapture.errors import Invalid, LeadCaptureError, NotFound
from leadcapture.forms import queries as forms
from leadcapture.forms import rules as form_rules
from leadcapture.forms.kinds.coupon import export, operations, queries, rules
from leadcapture.i18n import gettext as _
from leadcapture.i18n import ngettext
from leadcapture.operators import session
from leadcapture.sites import bearer

console = Blueprint("console_coupon", __name__)
api = Blueprint("api_coupons", __name__)
blueprints = [console]
open_blueprints = [api]

LARGEST_BASKET = 10**12


# ---- the owner's page -----------------------------------------------------------------------------------------------


@console.app_template_filter("coupon_state")
def state_words(state: str) -> tuple[str, str]:
    """What a code's state is called, and its tone (see the macro `badge`)."""
    return {
        "free": (_("Free"), "plain"),
        "claimed": (_("Claimed"), "good"),
        "redeemed": (_("Redeemed"), "good"),
        "shared": (_("Shared"), "plain"),
        "void": (_("Withdrawn"), "bad"),
    }.get(state, (state, "plain"))


@console.get("/console/forms/<public_id>/codes")
@session.require("admin")
def codes(public_id: str) -> str:
    """How many codes there are and what became of them; the codes themselves, newest first."""
    return _codes_page(public_id)


@console.post("/console/forms/<public_id>/codes")
@session.require("admin")
def add(public_id: str) -> tuple[str, int] | BaseResponse:
    """Add the pasted codes, or make as many as are asked for."""
    mine = {"site_id": session.current_site().id, "form_public_id": public_id}
    try:
        if "make" in request.form:
            number = request.form.get("number", "").strip()
            count = int(number) if number.isdecimal() and len(number) < 9 else 0
            added = db.write(operations.make_codes, clock.now(), number=count, **mine)
        else:
            pasted = rules.pasted(request.form.get("codes", ""))
            added = db.write(operations.add_codes, clock.now(), codes=pasted, **mine)
    except Invalid as error:
        return _codes_page(public_id, "number" if "make" in request.form else "codes", error.message), 422
    flash(ngettext("%(num)d code was added.", "%(num)d codes were added.", added), "good")
    return redirect(url_for(".codes", public_id=public_id))


@console.post("/console/forms/<public_id>/codes/<code_id>/void")
@session.require("admin")
def void(public_id: str, code_id: str) -> BaseResponse:
    """Withdraw a code."""
    db.write(
        operations.void,
        clock.now(),
        site_id=session.current_site().id,
        form_public_id=public_id,
        public_id=code_id,
    )
    flash(_("The code is withdrawn: nobody gets it, and no order takes it."), "good")
    return redirect(url_for(".codes", public_id=public_id))


@console.get("/console/forms/<public_id>/codes.csv")
@session.require("admin")
def download(public_id: str) -> Response:
    """Every code with what became of it, as CSV."""
    form = _coupon_form(public_id)
    return web.csv_download(f"codes-{form.slug}", export.csv_rows, form.id)


def _codes_page(public_id: str, wrong: str = "", problem: str = "") -> str:
    form = _coupon_form(public_id)
    search = request.args.get("search", "").strip()[:60]
    state = request.args.get("state", "")
    shares = form.settings.get("supply") == "shared"
    before = request.args.get("before", type=int)
    with db.read() as reading:
        counts = queries.counts(reading, form.id)
        if state not in (*queries.STATES, "all"):
            # What people look for is what was given, not the pile of what is free.
            state = "claimed" if counts.claimed and not shares and not search else "all"
        found, next_before = queries.page(reading, form.id, before_id=before, search=search, state=state)
        orders = queries.orders(reading, [listed.code.id for listed in found])
        shared = queries.shared(reading, form)
    asked: dict[str, Any] = {"public_id": public_id, "search": search or None, "state": state}
    return render_template(
        "forms/kinds/coupon/codes.html",
        form=form,
        counts=counts,
        shared=shared,
        is_shared=shares,
        codes=found,
        orders=orders,
        search=search,
        state=state,
        states=queries.STATES,
        problems={wrong: [problem]} if wrong else {},
        newest=url_for(".codes", **asked) if before else None,
        older=url_for(".codes", **asked, before=next_before) if next_before else None,
    )


def _coupon_form(public_id: str) -> Any:
    with db.read() as reading:
        form = forms.by_public_id(reading, session.current_site().id, public_id)
    if form.kind != "coupon":
        raise NotFound("No such form.")
    return form


# ---- the checkout's calls -------------------------------------------------------------------------------------------


@api.post("/api/v1/coupons/validate")
def validate() -> tuple[Response, int] | Response:
    """What a code takes off now; nothing is used by asking."""
    site = bearer.site_of_request()
    try:
        fields = web.body()
        with db.read() as reading:
            answer = operations.validate(reading, clock.now(), site=site, code=_code(fields), **_basket(fields))
    except LeadCaptureError as error:
        return _private({"valid": False, **web.error_body(error)}), error.status
    return _private(answer)


@api.post("/api/v1/coupons/redeem")
def redeem() -> Response:
    """Use a code in an order."""
    site = bearer.site_of_request()
    fields = web.body()
    named = {"code": _code(fields), "order": _order(fields)}
    return _private(db.write(operations.redeem, clock.now(), site=site, **named, **_basket(fields)))


@api.post("/api/v1/coupons/release")
def release() -> Response:
    """Give the use of a code in an order back."""
    site = bearer.site_of_request()
    fields = web.body()
    named = {"code": _code(fields), "order": _order(fields)}
    return _private(db.write(operations.release, clock.now(), site=site, **named))


def _private(answer: dict[str, Any]) -> Response:
    response = jsonify(answer)
    response.headers["Cache-Control"] = "no-store"
    return response


def _code(fields: Any) -> str:
    code = str(fields.get("code", ""))
    if not rules.key(code):
        raise _bad("code", "Say which code.")
    return code[:100]


def _order(fields: Any) -> str:
    order = form_rules.clean_line(fields.get("order"))
    if not 1 <= len(order) <= 120:
        raise _bad("order", "Say which order, in 1 to 120 characters.")
    return order


def _basket(fields: Any) -> dict[str, Any]:
    amount, currency = fields.get("amount"), str(fields.get("currency", "")).upper()
    if currency and currency not in list_currencies():
        raise _bad("currency", "Three letters of ISO 4217, like EUR.")
    if amount is None:
        return {"basket": None, "currency": currency}
    if not str(amount).isdecimal() or len(str(amount)) > 18 or int(amount) > LARGEST_BASKET:
        raise _bad("amount", "A whole number of minor units (cents), zero or more.")
    return {"basket": int(amount), "currency": currency}


def _bad(field: str, sentence: str) -> Invalid:
    return Invalid(sentence, code="bad_request", fields={field: [sentence]})
