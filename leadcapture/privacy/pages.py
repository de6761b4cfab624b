"""The steps that ask twice: erasing everything, and another address, which its own reader must confirm."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, render_template, request

from leadcapture import addresses, clock, db, i18n, signing, web
from leadcapture.errors import BadToken, Invalid, NotFound, RateLimited
from leadcapture.forms import access as forms
from leadcapture.guard import ceilings, door
from leadcapture.i18n import gettext as _
from leadcapture.optin import rules as optin
from leadcapture.privacy import access, erasing, moving, queries, rules
from leadcapture.privacy.moving import Moved
from leadcapture.privacy.overview import overview
from leadcapture.sites import queries as sites

blueprint = Blueprint("privacy_pages", __name__)

# What the mail to a new address leads to.
LINKS = frozenset({"mail", "address"})


# ---- erasing --------------------------------------------------------------------------------------------------------


@blueprint.get("/preferences/<token>/erase")
def ask_to_erase(token: str) -> Response:
    """Says what goes and what stays, and asks once more. Only from here, and only for half an hour, can it be done."""
    contact, site = access.whose("preferences", token)
    sure = signing.sign("erase", rules.sure_value(contact.public_id, clock.now()))
    with db.read() as session:
        counts = queries.counts(session, contact)
    return access.page("privacy/erase.html", site, contact, sure=sure, counts=counts)


@blueprint.post("/preferences/<token>/erase")
def erase(token: str) -> Response:
    """Erase everything about the person. Without the fresh mark of the page that asks it is asked again."""
    contact, site = access.whose("preferences", token)
    if not _is_sure(contact.public_id):
        return ask_to_erase(token)
    if doubt := access.in_doubt(contact, site):
        return doubt
    erasing.erase_now(contact, "person")
    return access.private(make_response(render_template("privacy/erased.html", site=site)))


def _is_sure(contact: str) -> bool:
    try:
        value = signing.verify("erase", request.form.get("sure", ""))
    except BadToken:
        return False
    return rules.still_sure(value, contact, clock.now())


# ---- another address ------------------------------------------------------------------------------------------------


@blueprint.post("/preferences/<token>/address")
def ask_for_address(token: str) -> Response:
    """Mail the new address a link and a code. The answer is the same whatever that address is."""
    contact, site = access.whose("preferences", token)
    if doubt := access.in_doubt(contact, site):
        return doubt
    try:
        ceilings.plain(web.client_ip())
        address = addresses.parse(request.form.get("new_address", ""))
        door.check_address(site, address)
        db.write(moving.request, clock.now(), contact_id=contact.id, address=address)
    except Invalid as error:
        sentences = error.fields.get("email", [error.message])
        return overview(contact, site, problem=Invalid(error.message, fields={"new_address": sentences}))
    except RateLimited as error:
        return overview(contact, site, problem=error)
    return overview(contact, site)


@blueprint.post("/preferences/<token>/address/code")
def address_code(token: str) -> Response:
    """The code out of the mail to the new address."""
    contact, site = access.whose("preferences", token)
    outcome = db.write(
        moving.confirm_by_code,
        clock.now(),
        contact_id=contact.id,
        code=request.form.get("code", ""),
        asker=access.asker(),
    )
    if isinstance(outcome, Invalid):
        return overview(contact, site, change=outcome.message)
    if outcome.other is not None:
        return _moved_page(outcome, site)
    return overview(outcome.contact, site, done=_("Your address is changed."))


@blueprint.post("/preferences/<token>/address/cancel")
def cancel_address(token: str) -> Response:
    """Give up a change of address that nobody has confirmed."""
    contact, site = access.whose("preferences", token)
    db.write(moving.withdraw, clock.now(), contact_id=contact.id)
    return overview(contact, site, done=_("Your address stays as it is."))


@blueprint.get("/address/<token>")
def show_address(token: str) -> Response:
    """What the mail to the new address leads to: one button."""
    change, contact, site = _change(token)
    forms.note_opened(clock.now(), about=[change.public_id], link="address")
    return _address_page(change, contact, site)


@blueprint.post("/address/<token>")
def confirm_address(token: str) -> Response:
    """The reader of the new address has pressed the button: the contact is known by it from now on. Who presses as
    mail scanners do is asked for the code of the mail."""
    change, contact, site = _change(token)
    now, asker, typed = clock.now(), access.asker(), request.form.get("code")
    press = forms.judge_press(now, about=change.public_id, links=LINKS)
    if typed is None and press.suspicious and change.confirmed_at is None:
        return _address_page(change, contact, site, ask_code=True)
    try:
        if typed is None:
            outcome: Moved | Invalid = db.write(moving.confirm, now, public_id=change.public_id, asker=asker)
        else:
            outcome = db.write(moving.confirm_by_code, now, contact_id=contact.id, code=typed, asker=asker)
    except optin.Expired:
        return _address_page(change, contact, site)
    if isinstance(outcome, Invalid):
        return _address_page(change, contact, site, ask_code=True, problem=outcome.message)
    return _moved_page(outcome, site)


def _change(token: str) -> tuple[Any, Any, Any]:
    with db.read() as session:
        found = queries.change(session, signing.verify("address-change", token))
        if found is None:
            raise NotFound(_("This link is not valid."))
        change, contact = found
        site = sites.by_id(session, contact.site_id)
    i18n.use(i18n.best(request.args.get("lang"), contact.language, site.language))
    return change, contact, site


def _address_page(change: Any, contact: Any, site: Any, *, ask_code: bool = False, problem: str = "") -> Response:
    over = change.confirmed_at is None and (change.expires_at <= clock.now() or not change.email)
    page = render_template(
        "privacy/address.html",
        site=site,
        change=change,
        old=rules.masked(contact.email),
        over=over,
        ask_code=ask_code and not over,
        problem=problem,
        action=access.here(),
    )
    return access.private(make_response(page, 410 if over else 422 if problem else 200))


def _moved_page(moved: Moved, site: Any) -> Response:
    """Says that it is done; or, to who has proven that both addresses are theirs, that the new one is known already."""
    other = f"/preferences/{signing.sign('preferences', moved.other.public_id)}" if moved.other else ""
    return access.page("privacy/moved.html", site, moved.contact, other=other)
