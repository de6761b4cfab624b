"""A seat's own page for who holds it, and the owner's list of who comes."""

from __future__ import annotations

from typing import Any

from flask import (
    Blueprint,
    Response,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from leadcapture import clock, db, i18n, signing, web
from leadcapture.errors import NotFound
from leadcapture.forms import queries as forms
from leadcapture.forms.kinds.webinar import export, operations, queries, rules, wording
from leadcapture.i18n import gettext as _
from leadcapture.operators import session

visitors = Blueprint("webinar_visitors", __name__)
console = Blueprint("webinar", __name__)
open_blueprints = (visitors,)
blueprints = (console,)

SHOWN = 1000  # people on the owner's page; the file has them all


@visitors.get("/f/<key>/<slug>/join/<token>")
def join(key: str, slug: str, token: str) -> AnyResponse:
    """The way into the room once its doors are open; before and after, what there is to know."""
    now, held = clock.now(), _held(key, slug, token)
    meeting = held.meeting
    stage = rules.phase(meeting.starts_at, meeting.minutes, now)
    if held.seat.status == "seated" and stage == "open" and not meeting.cancelled and meeting.room_url:
        return _private(redirect(meeting.room_url))
    return _page(held, token)


@visitors.post("/f/<key>/<slug>/join/<token>")
def leave(key: str, slug: str, token: str) -> AnyResponse:
    """Give the seat up; again, it is the same success."""
    seat = _held(key, slug, token).seat.public_id
    db.write(operations.leave, clock.now(), seat=seat)
    return _page(_held(key, slug, token), token)


@console.get("/console/forms/<public_id>/seats")
@session.require("admin")
def seats(public_id: str) -> str:
    """The sessions, and who has a seat or waits in each."""
    with db.read() as reading:
        form = _form(reading, public_id)
        meetings, counts = queries.sessions(reading, form.id), queries.counts(reading, form.id)
        people = queries.registrants(reading, form.id, limit=SHOWN + 1)
    now = clock.now()
    return render_template(
        "forms/kinds/webinar/seats.html",
        form=form,
        sessions=[
            {
                "title": wording.title_of(form, meeting),
                "when": rules.when(meeting.starts_at, meeting.timezone),
                "capacity": meeting.capacity,
                "seated": counts.get(meeting.id, (0, 0))[0],
                "waiting": counts.get(meeting.id, (0, 0))[1],
                "cancelled": meeting.cancelled,
                "over": rules.phase(meeting.starts_at, meeting.minutes, now) == "over",
                "people": [(seat, contact) for seat, contact, of in people[:SHOWN] if of.id == meeting.id],
            }
            for meeting in meetings
        ],
        anybody=bool(people),
        more=len(people) > SHOWN,
    )


@console.post("/console/forms/<public_id>/seats/<seat>/remove")
@session.require("admin")
def remove(public_id: str, seat: str) -> AnyResponse:
    """Take somebody off the list; the first who waits moves up."""
    with db.read() as reading:
        form = _form(reading, public_id)
    db.write(operations.remove, clock.now(), form_id=form.id, seat=seat)
    flash(_("Removed. The person is told by e-mail, and who waits moves up."), "good")
    return redirect(url_for(".seats", public_id=public_id))


@console.get("/console/forms/<public_id>/seats.csv")
@session.require("admin")
def download(public_id: str) -> Response:
    """Everybody who has a seat or waits, as CSV."""
    with db.read() as reading:
        form = _form(reading, public_id)
    return web.csv_download("registrants", export.csv_rows, form)


def _form(reading: Any, public_id: str) -> Any:
    """The form, if it is a webinar of the site whose things the console shows. Raises NotFound."""
    form = forms.by_public_id(reading, session.current_site().id, public_id)
    if form.kind != "webinar":
        raise NotFound("No such form.")
    return form


def _held(key: str, slug: str, token: str) -> queries.Held:
    """The seat that the token proves, at this form; the page speaks the language it was taken in. Raises BadToken,
    NotFound."""
    public_id = signing.verify("seat", token)
    with db.read() as reading:
        held = queries.held(reading, public_id)
    if (held.site.key, held.form.slug) != (key, slug):
        raise NotFound(_("This link is not valid."))
    i18n.use(i18n.best(request.args.get("lang"), held.seat.language))
    return held


def _page(held: queries.Held, token: str) -> AnyResponse:
    with db.read() as reading:
        before = queries.waiting_before(reading, held.seat)
    page = render_template(
        "forms/kinds/webinar/join.html",
        site=held.site,
        form=held.form,
        token=token,
        session_title=wording.title_of(held.form, held.meeting),
        rows=[{"label": label, "value": value} for label, value in wording.facts(held.meeting)],
        said=wording.state(held, clock.now(), before),
    )
    return _private(make_response(page))


def _private(response: AnyResponse) -> AnyResponse:
    # The address of such a page is a key: it goes into no Referer and no cache.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response
