"""The pages of a contest: its rules and its draw for everybody, an entry for its entrant, the draw for the owner."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, flash, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from leadcapture import clock, db, i18n, signing
from leadcapture.errors import Conflict, Invalid, NotFound
from leadcapture.forms import kinds
from leadcapture.forms.kinds.contest import operations, outcomes, queries, rules
from leadcapture.i18n import gettext as _
from leadcapture.operators import session as operator_session

pages = Blueprint("contest_pages", __name__)
console = Blueprint("contest_console", __name__)
open_blueprints = [pages]
blueprints = [console]

SCRIPT = Path(__file__).parent / "verify_draw.py"


# ---- for everybody --------------------------------------------------------------------------------------------------


@pages.get("/f/<key>/<slug>/rules")
def read_rules(key: str, slug: str) -> str:
    """The owner's rules, and the facts of the contest."""
    contest, form, site = _look(key, slug)
    own = kinds.by_name(form.kind).text("rules", form.settings, site.name)
    return render_template("forms/kinds/contest/rules.html", own=own, **_context(contest, form, site))


@pages.get("/f/<key>/<slug>/draw")
def draw(key: str, slug: str) -> str:
    """What is committed to, how many take part, who has won, and how to check all of it."""
    contest, form, site = _look(key, slug)
    with db.read() as session:
        record = queries.published(session, clock.now(), contest, form)
        people = queries.people(session, contest, record)
    return render_template(
        "forms/kinds/contest/draw.html",
        record=record,
        people=people,
        named=contest.terms["names"],
        script=SCRIPT.name,
        **_context(contest, form, site),
    )


@pages.get("/f/<key>/<slug>/draw.json")
def draw_record(key: str, slug: str) -> Response:
    """The same for programs, and for keeping: what the stand-alone program checks."""
    contest, form, _site = _look(key, slug)
    with db.read() as session:
        record = queries.published(session, clock.now(), contest, form)
    response = jsonify(record)
    response.headers["Cache-Control"] = "public, max-age=30"
    return response


@pages.get("/f/<key>/<slug>/draw/verify_draw.py")
def script(key: str, slug: str) -> Response:
    """The stand-alone program that checks a draw."""
    _look(key, slug)
    response = Response(SCRIPT.read_bytes(), mimetype="text/x-python")
    response.headers["Content-Disposition"] = f"attachment; filename={SCRIPT.name}"
    return response


def _look(key: str, slug: str) -> tuple[Any, Any, Any]:
    """The contest, its form and its site, in the language of the page. Whoever looks first after the closing has the
    list frozen. Raises NotFound."""
    now = clock.now()
    with db.read() as session:
        found = queries.by_slug(session, key, slug)
    contest, form, site = found
    i18n.use(i18n.best(request.args.get("lang"), site.language))
    if queries.phase(contest, form, now) == "closing" and db.write(operations.freeze, now, contest_id=contest.id):
        with db.read() as session:
            found = queries.by_slug(session, key, slug)
    return found


def _context(contest: Any, form: Any, site: Any) -> dict[str, Any]:
    timezone = contest.terms["timezone"]
    return {
        "site": site,
        "form": form,
        "contest": contest,
        "phase": queries.phase(contest, form, clock.now()),
        "title": kinds.by_name(form.kind).text("title", form.settings, site.name),
        "base": f"/f/{site.key}/{form.slug}",
        "when": lambda at: rules.when(at, timezone) if at else "",
        "moment": rules.moment,
        "prize": lambda number: outcomes.prize_words(contest.terms, number),
        "masked": rules.masked,
        "languages": i18n.LANGUAGES,
    }


# ---- for an entrant -------------------------------------------------------------------------------------------------


@pages.get("/f/<key>/<slug>/entry/<token>")
def entry(key: str, slug: str, token: str) -> Response:
    """The entrant's own page: the receipt, and once the list is frozen the proof."""
    contest, form, site = _look(key, slug)
    record = _entry_record(contest, token)
    context = _context(contest, form, site)
    return _private(render_template("forms/kinds/contest/entry.html", entry=record, token=token, **context))


@pages.get("/f/<key>/<slug>/entry/<token>/entry.json")
def entry_record(key: str, slug: str, token: str) -> Response:
    """Receipt and proof as a file, for the program that checks them."""
    contest, _form, _site = _look(key, slug)
    record = _entry_record(contest, token)
    response = _private(json.dumps(record, indent=2, ensure_ascii=False))
    response.mimetype = "application/json"
    response.headers["Content-Disposition"] = f"attachment; filename=entry-{record['number']}.json"
    return response


def _entry_record(contest: Any, token: str) -> dict[str, Any]:
    """The entry that the token is of, when it is one of this contest. Raises NotFound, BadToken."""
    public_id = signing.verify("entry", token)
    with db.read() as session:
        found = queries.entry(session, public_id)
        if found is None or found[1].id != contest.id or found[0].address is None:
            raise NotFound(_("This link is not valid."))
        entered, of_contest, form = found
        proven_by = queries.tree(session, contest.id) if of_contest.state != "open" else None
        return queries.entry_record(of_contest, form, entered, proven_by)


def _private(body: str) -> Response:
    # The address of such a page is a key: it goes into no Referer and no cache.
    response = make_response(body)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


# ---- for the owner --------------------------------------------------------------------------------------------------


@console.get("/console/forms/<public_id>/contest")
@operator_session.require("admin")
def contest(public_id: str) -> str:
    """How far the contest is, and what the owner can do about it."""
    return _console_page(public_id)


@console.post("/console/forms/<public_id>/contest/draw")
@operator_session.require("admin")
def draw_now(public_id: str) -> tuple[str, int] | AnyResponse:
    """Draw the winners, once."""
    site, beacon = operator_session.current_site(), request.form.get("beacon", "")
    try:
        db.write(operations.draw_winners, clock.now(), site_id=site.id, public_id=public_id, beacon=beacon)
        flash(_("The winners are drawn and have been told."), "good")
    except Invalid as error:
        return _console_page(public_id, problem=error.message, typed=beacon), error.status
    except Conflict as error:
        flash(error.message, "bad")
    return redirect(url_for(".contest", public_id=public_id))


@console.post("/console/forms/<public_id>/contest/disqualify")
@operator_session.require("admin")
def disqualify(public_id: str) -> AnyResponse:
    """Take somebody out; the next of the draw follows."""
    site, rank = operator_session.current_site(), request.form.get("rank", "")
    try:
        db.write(
            operations.disqualify,
            clock.now(),
            site_id=site.id,
            public_id=public_id,
            rank=int(rank) if rank.isdecimal() and len(rank) < 9 else -1,
            reason=request.form.get("reason", ""),
        )
        flash(_("Disqualified. The next of the draw follows."), "good")
    except (Invalid, Conflict) as error:
        flash(error.message, "bad")
    return redirect(url_for(".contest", public_id=public_id))


def _console_page(public_id: str, *, problem: str = "", typed: str = "") -> str:
    site, now = operator_session.current_site(), clock.now()
    with db.read() as session:
        found, form = queries.by_public_id(session, site.id, public_id)
    if queries.phase(found, form, now) == "closing":
        db.write(operations.freeze, now, contest_id=found.id)
    with db.read() as session:
        found, form = queries.by_public_id(session, site.id, public_id)
        record = queries.published(session, now, found, form)
        people = queries.people(session, found, record)
    return render_template(
        "forms/kinds/contest/manage.html",
        record=record,
        people=people,
        problem=problem,
        typed=typed,
        **_context(found, form, site),
    )
