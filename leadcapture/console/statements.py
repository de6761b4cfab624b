"""The statements that people agree to: every version of each, who agreed to which, and asking again."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from leadcapture import clock, db
from leadcapture.console import wordings
from leadcapture.console.outbox import MAIL_CSP, READING_CSP
from leadcapture.errors import Conflict, Invalid, NotFound
from leadcapture.i18n import gettext as _
from leadcapture.operators import session
from leadcapture.repermission import letters, operations, queries, rules

blueprint = Blueprint("console_statements", __name__)


@blueprint.app_template_filter("campaign_state")
def state_words(state: str) -> tuple[str, str]:
    """What a campaign's state is called, and its tone (see the macro `badge`)."""
    return {
        "draft": (_("Not started"), "plain"),
        "running": (_("Asking"), "good"),
        "paused": (_("Paused"), "warn"),
        "done": (_("All are asked"), "good"),
        "cancelled": (_("Cancelled"), "plain"),
    }.get(state, (state, "plain"))


@blueprint.get("/console/statements")
@session.require("admin")
def list_statements() -> str:
    """Every version, purpose by purpose, and the campaigns."""
    site = session.current_site()
    with db.read() as reading:
        words = wordings.of_site(reading, site)
        campaigns = [(one, queries.results(reading, one.id)) for one in queries.of_site(reading, site.id)]
    return render_template("console/statements.html", purposes=wordings.by_purpose(words), campaigns=campaigns)


@blueprint.get("/console/statements/ask")
@session.require("admin")
def choose() -> str:
    """Whom to ask: which older words are meant, how fast, and what becomes of who stays silent."""
    return _choosing({}, {})


@blueprint.post("/console/statements/ask")
@session.require("admin")
def prepare() -> str | tuple[str, int] | BaseResponse:
    """Prepare a campaign, which asks nobody yet."""
    site, given = session.current_site(), request.form
    purpose = given.get("purpose", "")
    with db.read() as reading:
        words = wordings.of_site(reading, site)
        new = wordings.new_words(reading, site, given.get("form", ""), purpose)
    if not new:
        raise NotFound("No such statement.")
    chosen = [wordings.same(words, purpose, version) for version in given.getlist("old")]
    try:
        made = db.write(
            operations.prepare,
            clock.now(),
            site=site,
            operator_id=session.current_operator().id,
            purpose=purpose,
            statements=new,
            old_versions=[version for one in chosen if one for version in one.versions],
            per_hour=_number(given.get("per_hour", "")) or 0,
            ends_after_days=_number(given.get("ends_after_days", "")),
        )
    except Invalid as error:
        return _choosing(given, error.fields or {"old": [error.message]}), 422
    return redirect(url_for(".campaign", public_id=made.public_id))


@blueprint.get("/console/statements/campaigns/<public_id>")
@session.require("admin")
def campaign(public_id: str) -> Response:
    """One campaign: the mail, how many it concerns, what came of it, and its buttons."""
    site = session.current_site()
    with db.read() as reading:
        found = queries.by_public_id(reading, site.id, public_id)
        words = wordings.of_site(reading, site)
        reach = queries.reach(reading, clock.now(), found, site) if found.import_id is None else None
        results = queries.results(reading, found.id)
    said = rules.wordings(found.statement)
    now = clock.now()
    mails = {
        language: letters.preview(site, found, language, _example(found, words, language), now) for language in said
    }
    page = render_template(
        "console/campaign.html",
        campaign=found,
        said=said,
        old=_old(found, words),
        reach=reach,
        results=results,
        mails=mails,
        acts=[act for act, (before, _after) in rules.FOLLOWS.items() if found.state in before],
    )
    answer = make_response(page)
    answer.headers["Content-Security-Policy"] = READING_CSP
    return answer


@blueprint.get("/console/statements/campaigns/<public_id>/mail/<language>")
@session.require("admin")
def mail(public_id: str, language: str) -> Response:
    """The HTML of the mail as it will be, for the frame on the campaign's page."""
    site = session.current_site()
    with db.read() as reading:
        found = queries.by_public_id(reading, site.id, public_id)
        words = wordings.of_site(reading, site)
    if language not in found.statement:
        raise NotFound("No such language.")
    example = _example(found, words, language)
    answer = make_response(letters.preview(site, found, language, example, clock.now()).html)
    answer.headers["Content-Security-Policy"] = MAIL_CSP
    return answer


@blueprint.post("/console/statements/campaigns/<public_id>")
@session.require("admin")
def act(public_id: str) -> BaseResponse:
    """Start, pause, resume or cancel it."""
    wanted = request.form.get("act", "")
    told = {
        "start": _("Started. The first are asked within a minute."),
        "pause": _("Paused: nobody is asked until you go on. Answers still count."),
        "resume": _("It goes on."),
        "cancel": _("Cancelled: nobody else is asked. Answers still count."),
    }
    if wanted not in told:
        raise Invalid(_("Choose one of these."))
    try:
        db.write(operations.change_state, clock.now(), site=session.current_site(), public_id=public_id, act=wanted)
        flash(told[wanted], "good")
    except Conflict as error:
        flash(error.message, "warn")
    return redirect(url_for(".campaign", public_id=public_id))


def _choosing(given: Any, problems: dict[str, list[str]]) -> str:
    site = session.current_site()
    form, purpose = request.values.get("form", ""), request.values.get("purpose", "")
    with db.read() as reading:
        words = wordings.of_site(reading, site)
        new = wordings.new_words(reading, site, form, purpose)
    if not new:
        raise NotFound("No such statement.")
    now = {rules.words_of(said.version) for said in new.values()}
    older = [one for one in words if one.purpose == purpose and one.count and rules.words_of(one.name) not in now]
    chosen = given.getlist("old") if given else [one.name for one in older if not one.holds]
    return render_template(
        "console/statements_ask.html",
        form=form,
        purpose=purpose,
        new=new,
        older=older,
        chosen=chosen,
        per_hour=given.get("per_hour", "100") if given else "100",
        ends_after_days=given.get("ends_after_days", "") if given else "",
        problems=problems,
    )


def _old(found: Any, words: list[wordings.Words]) -> list[wordings.Words]:
    return [one for one in words if one.purpose == found.purpose and set(one.versions) & set(found.old_versions)]


def _example(found: Any, words: list[wordings.Words], language: str) -> str:
    """The older words that most people agree to, in that language if there are any: the mail is shown as one of them
    gets it."""
    old = sorted(_old(found, words), key=lambda one: (language in one.languages, one.count))
    return old[-1].statement if old else ""


def _number(typed: str) -> int | None:
    """The number in a field; None for an empty one, 0 (which fits nowhere) for anything else."""
    typed = typed.strip()
    if not typed:
        return None
    return int(typed) if typed.isdecimal() and len(typed) < 9 else 0
