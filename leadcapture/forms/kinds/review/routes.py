"""Reviews for everybody (a page, a script for pages of the site, JSON), for their authors (withdrawing), and for
operators.

The list is public: whoever opens its page reads the same, so script and JSON may be read from any origin.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from flask import Blueprint, Response, flash, jsonify, make_response, redirect, render_template, request, url_for
from jinja2.utils import htmlsafe_json_dumps
from werkzeug.wrappers import Response as AnyResponse

from leadcapture import clock, db, i18n, web
from leadcapture.errors import Conflict, Invalid, NotFound
from leadcapture.forms import letters
from leadcapture.forms.kinds.review import listing, operations, queries, rules, wording
from leadcapture.i18n import gettext as _
from leadcapture.operators import session

console = Blueprint("review_console", __name__)
public = Blueprint("review_public", __name__)
blueprints = [console]
open_blueprints = [public]

PLACEHOLDER = "__LEADCAPTURE_REVIEWS__"
TABS = ("waiting", "approved", "rejected")


# ---- for everybody --------------------------------------------------------------------------------------------------


@public.get("/f/<key>/<slug>/reviews")
def page(key: str, slug: str) -> Response:
    """The approved reviews as a page that works without scripts, twenty at a time."""
    with db.read() as reading:
        site, form = queries.public_form(reading, key, slug)
        i18n.use(i18n.best(request.args.get("lang"), site.language))
        found = queries.listing(reading, form.id, request.args.get("before"))
    return _fresh(
        make_response(
            render_template(
                "forms/kinds/review/list.html",
                site=site,
                form=form,
                title=wording.title(form, site),
                listing=found,
                words=wording.words(site),
                day=wording.day,
                structured=listing.structured(form, site, found),
                form_url=f"/f/{site.key}/{form.slug}?lang={i18n.language()}" if form.published else None,
                first=request.args.get("before") is None,
                languages=[code for code in i18n.LANGUAGES if code != i18n.language()],
            )
        )
    )


@public.get("/f/<key>/<slug>/reviews.json")
def as_json(key: str, slug: str) -> Response:
    """The approved reviews for programs, twenty at a time; `next` is where the older ones are."""
    return _fresh(jsonify(_public_data(key, slug, request.args.get("before"))))


@public.get("/f/<key>/<slug>/reviews.js")
def as_script(key: str, slug: str) -> Response:
    """The script that puts the list into `<div data-leadcapture-reviews="SLUG">`, with the newest reviews in it."""
    try:
        data = _public_data(key, slug, None)
    except NotFound:
        # The page's own console is where its owner looks.
        return _script("/* LeadCapture: no list of reviews has this address. Copy the lines again. */\n", 404)
    return _script(_built(web.manifest()["reviews.js"]).replace(PLACEHOLDER, str(htmlsafe_json_dumps(data))), 200)


def _public_data(key: str, slug: str, before: str | None) -> dict[str, Any]:
    with db.read() as reading:
        site, form = queries.public_form(reading, key, slug)
        found = queries.listing(reading, form.id, before)
    i18n.use(i18n.best(request.args.get("lang"), site.language))
    return listing.data(form, site, found)


def _script(text: str, status: int) -> Response:
    return _fresh(Response(text, status, mimetype="application/javascript"))


def _fresh(response: Response) -> Response:
    """Anybody may read it, for a minute without asking again."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if response.status_code == 200:
        response.headers["Cache-Control"] = "public, max-age=60"
        response.add_etag()
        response.make_conditional(request)
    return response


@cache
def _built(file: str) -> str:
    text = (web.STATIC / file).read_text(encoding="utf-8")
    if text.count(PLACEHOLDER) != 1:
        raise ValueError(f"reviews.js must contain {PLACEHOLDER} exactly once")
    return text


# ---- for the author -------------------------------------------------------------------------------------------------


@public.get("/f/<key>/<slug>/reviews/withdraw/<token>")
def withdrawal(key: str, slug: str, token: str) -> Response:
    """One button, and the review it takes away. Looking changes nothing."""
    return _withdrawal_page(key, slug, operations.public_id_of(token), token)


@public.post("/f/<key>/<slug>/reviews/withdraw/<token>")
def withdraw(key: str, slug: str, token: str) -> Response:
    """Take the review away; pressed again, it is the same success."""
    public_id = operations.public_id_of(token)
    with db.read() as reading:
        _site, form = queries.public_form(reading, key, slug)
    db.write(operations.withdraw, clock.now(), form_id=form.id, public_id=public_id)
    return _withdrawal_page(key, slug, public_id, token)


def _withdrawal_page(key: str, slug: str, public_id: str, token: str) -> Response:
    with db.read() as reading:
        site, form = queries.public_form(reading, key, slug)
        review = queries.by_public_id(reading, form.id, public_id)
    i18n.use(i18n.best(request.args.get("lang"), review.language))
    page = render_template("forms/kinds/review/withdraw.html", site=site, form=form, review=review, token=token)
    response = make_response(page)
    # The address of this page is a key: it goes into no Referer and no cache.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


# ---- for operators --------------------------------------------------------------------------------------------------


@console.get("/console/forms/<public_id>/reviews")
@session.require()
def reviews(public_id: str) -> str:
    """The newest reviews in one state, twenty a page."""
    state = request.args.get("state", "")
    state = state if state in TABS else "waiting"
    before = request.args.get("before")
    site = session.current_site()
    with db.read() as reading:
        form = queries.form(reading, site.id, public_id)
        found, older = queries.page(reading, form.id, state=state, before=before)
        counts = queries.counts(reading, form.id)
    here: dict[str, Any] = {"public_id": public_id, "state": state}
    return render_template(
        "forms/kinds/review/reviews.html",
        form=form,
        reviews=found,
        state=state,
        tabs=[(name, wording.state(name)[0], counts[name]) for name in TABS],
        next=[(after, *wording.button(after)) for after in rules.NEXT[state]],
        stars=wording.stars,
        answer_length=operations.ANSWER_LENGTH,
        embed=wording.embed(letters.form_url(site, form.slug), form.slug),
        list_url=f"{letters.form_url(site, form.slug)}/reviews",
        newest=url_for(".reviews", **here) if before else None,
        older=url_for(".reviews", **here, before=older) if older else None,
    )


@console.post("/console/forms/<public_id>/reviews/<review_id>")
@session.require()
def judge(public_id: str, review_id: str) -> AnyResponse:
    """Approve, reject or take back, unless somebody else was faster: then nothing is changed, and this is said."""
    after = request.form.get("state", "")
    return _done(
        public_id,
        review_id,
        operations.judge,
        {"state": after},
        _("It is now: %(state)s.", state=wording.state(after)[0]),
    )


@console.post("/console/forms/<public_id>/reviews/<review_id>/answer")
@session.require()
def answer(public_id: str, review_id: str) -> AnyResponse:
    """Put the public answer under the review, or take it away."""
    text = "" if "remove" in request.form else request.form.get("answer", "")
    words = _("The answer is saved.") if text.strip() else _("There is no answer any more.")
    return _done(public_id, review_id, operations.answer, {"text": text}, words)


def _done(public_id: str, review_id: str, operation: Any, what: dict[str, Any], words: str) -> AnyResponse:
    try:
        db.write(
            operation,
            clock.now(),
            site_id=session.current_site().id,
            form_public_id=public_id,
            public_id=review_id,
            revision=request.form.get("revision", 0, type=int),
            **what,
        )
        flash(words, "good")
    except (Conflict, Invalid) as error:
        flash(error.message, "bad")
    return redirect(url_for(".reviews", public_id=public_id, state=request.form.get("from") or None))
