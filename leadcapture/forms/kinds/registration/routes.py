"""The member's own page and the way back to it, the call by which a site checks a proof, and the owner's list."""

from __future__ import annotations

from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from leadcapture import addresses, clock, db, i18n, signing, web
from leadcapture.errors import BadToken, Conflict, Invalid, NotFound, RateLimited
from leadcapture.forms import queries as forms
from leadcapture.forms.kinds.registration import export, operations, queries, rules, wording
from leadcapture.guard import ceilings
from leadcapture.i18n import gettext as _
from leadcapture.operators import session
from leadcapture.sites import bearer
from leadcapture.sites import queries as sites

visitors = Blueprint("registration_visitors", __name__)
programs = Blueprint("registration_programs", __name__)
console = Blueprint("registration", __name__)
open_blueprints = (visitors, programs)
blueprints = (console,)


# ---- members --------------------------------------------------------------------------------------------------------


@visitors.get("/f/<key>/<slug>/member/<token>")
def member(key: str, slug: str, token: str) -> Response:
    """What members get, and the way to the site with a fresh proof."""
    return _member_page(_held(key, slug, token), token)


@visitors.post("/f/<key>/<slug>/member/<token>")
def leave(key: str, slug: str, token: str) -> Response:
    """End the membership; again, it is the same success."""
    stores_ip = current_app.config["LEADCAPTURE"].store_ip
    db.write(
        operations.leave,
        clock.now(),
        member=_held(key, slug, token).member.public_id,
        ip=web.client_ip() if stores_ip else None,
        user_agent=request.headers.get("User-Agent", "")[:400],
    )
    return _member_page(_held(key, slug, token), token)


@visitors.get("/f/<key>/<slug>/member")
def ask_link(key: str, slug: str) -> Response:
    """Ask for the link to one's member page."""
    site, form = _site_and_form(key, slug)
    return _link_page(site, form)


@visitors.post("/f/<key>/<slug>/member")
def send_link(key: str, slug: str) -> Response:
    """Mail the link to who is a member, as often as the caps allow. The answer never tells who is."""
    site, form = _site_and_form(key, slug)
    fields = web.body()
    try:
        ceilings.form(web.client_ip(), site.key, proven=False)
        address = addresses.parse(fields.get("email", ""))
    except (Invalid, RateLimited) as error:
        page = _link_page(site, form, typed=fields.get("email", ""), problem=error.message, status=error.status)
        if isinstance(error, RateLimited):
            page.headers["Retry-After"] = str(error.retry_after)
        return page
    db.write(operations.send_link, clock.now(), site=site, form=form, address=address)
    return _link_page(site, form, sent_to=address.typed)


# ---- programs -------------------------------------------------------------------------------------------------------


@programs.get("/api/v1/members/check")
def check() -> Response:
    """Whether a proof of membership holds, for the site that the bearer token belongs to."""
    site, now = bearer.site_of_request(), clock.now()
    response = jsonify(_checked(site, now, request.args.get("token", "")))
    response.headers["Cache-Control"] = "no-store"
    return response


def _checked(site: Any, now: Any, token: str) -> dict[str, Any]:
    try:
        proof = rules.read_proof(signing.verify("member", token))
        with db.read() as reading:
            held = queries.held(reading, proof.member)
    except (BadToken, NotFound):
        return {"member": False, "reason": "unknown"}
    if held.site.id != site.id:
        return {"member": False, "reason": "unknown"}
    against = held.against or ("expired" if now >= proof.until else "")
    if against:
        return {"member": False, "reason": against}
    told = {
        "member": True,
        "id": held.member.public_id,
        "since": clock.wire(held.member.since),
        "form": held.form.slug,
        "until": clock.wire(proof.until),
    }
    if held.contact.name:
        told["name"] = held.contact.name
    if held.form.settings.get("numbered"):
        told["number"] = held.member.number
    return told


# ---- owners ---------------------------------------------------------------------------------------------------------


@console.get("/console/forms/<public_id>/members")
@session.require("admin")
def members(public_id: str) -> str:
    """The newest members, fifty a page."""
    before = request.args.get("before", type=int)
    with db.read() as reading:
        form = _form(reading, public_id)
        found, older = queries.page(reading, form.id, before=before)
        count = queries.count(reading, form.id)
    return render_template(
        "forms/kinds/registration/members.html",
        form=form,
        members=found,
        count=count,
        newest=url_for(".members", public_id=public_id) if before else None,
        older=url_for(".members", public_id=public_id, before=older) if older else None,
    )


@console.post("/console/forms/<public_id>/members/<member_id>/end")
@session.require("admin")
def end(public_id: str, member_id: str) -> AnyResponse:
    """End a membership."""
    with db.read() as reading:
        form = _form(reading, public_id)
    db.write(operations.end, clock.now(), form_id=form.id, member=member_id)
    flash(_("The membership has ended. Proofs of it hold no more."), "good")
    return redirect(url_for(".members", public_id=public_id))


@console.post("/console/forms/<public_id>/members/<member_id>/restore")
@session.require("admin")
def restore(public_id: str, member_id: str) -> AnyResponse:
    """Take somebody back."""
    with db.read() as reading:
        form = _form(reading, public_id)
    try:
        db.write(operations.restore, clock.now(), form_id=form.id, member=member_id)
        flash(_("The membership stands again."), "good")
    except Conflict as error:
        flash(error.message, "bad")
    return redirect(url_for(".members", public_id=public_id))


@console.get("/console/forms/<public_id>/members.csv")
@session.require("admin")
def download(public_id: str) -> Response:
    """Every member as CSV, as it is read from the database."""
    with db.read() as reading:
        form = _form(reading, public_id)
    return web.csv_download("members", export.csv_rows, form)


# ---- what they are made of ------------------------------------------------------------------------------------------


def _form(reading: Any, public_id: str) -> Any:
    """The form, if it is a registration of the site whose things the console shows. Raises NotFound."""
    form = forms.by_public_id(reading, session.current_site().id, public_id)
    if form.kind != "registration":
        raise NotFound("No such form.")
    return form


def _site_and_form(key: str, slug: str) -> tuple[Any, Any]:
    """The site and its published registration; the page speaks as the form does. Raises NotFound."""
    with db.read() as reading:
        site = sites.by_key(reading, key)
        form = forms.published_by_slug(reading, site.id, slug)
    if form.kind != "registration":
        raise NotFound("No such form.")
    i18n.use(i18n.best(request.values.get("lang"), site.language))
    return site, form


def _held(key: str, slug: str, token: str) -> queries.Held:
    """The membership whose page the token opens, at this form; the page speaks its language. Raises BadToken,
    NotFound."""
    public_id = rules.read_page(signing.verify("member", token))
    with db.read() as reading:
        held = queries.held(reading, public_id)
    if (held.site.key, held.form.slug) != (key, slug):
        raise NotFound(_("This link is not valid."))
    i18n.use(i18n.best(request.args.get("lang"), held.member.language))
    return held


def _member_page(held: queries.Held, token: str) -> Response:
    home = held.form.settings.get("return_url") or ""
    if home and not held.against and rules.leads_home(home, held.site.allowed_origins):
        home = rules.way_home(home, operations.proof(held, clock.now()))
    else:
        home = ""
    page = render_template(
        "forms/kinds/registration/member.html",
        site=held.site,
        form=held.form,
        held=held,
        token=token,
        rows=[{"label": label, "value": value} for label, value in wording.facts(held)],
        perks=wording.perks(held.form),
        home=home,
        preferences_token=signing.sign("preferences", held.contact.public_id),
    )
    return _private(make_response(page, 200 if not held.against else 410))


def _link_page(
    site: Any, form: Any, *, sent_to: str = "", typed: str = "", problem: str = "", status: int = 200
) -> Response:
    page = render_template(
        "forms/kinds/registration/link.html", site=site, form=form, sent_to=sent_to, typed=typed, problem=problem
    )
    return _private(make_response(page, status))


def _private(response: Response) -> Response:
    # The address of such a page is a key: it goes into no Referer and no cache.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response
