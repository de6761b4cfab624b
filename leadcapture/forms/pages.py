"""The pages around a form that work without scripts: the form itself, "check your e-mail", and what a mailed link
opens.

No page needs a cookie: whoever holds a token may do what it says, and nothing else. Looking at a page changes nothing.
"""

from __future__ import annotations

import secrets
from typing import Any

from babel import Locale
from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from leadcapture import clock, db, i18n, ids, signing, web
from leadcapture.errors import Conflict, Invalid, LeadCaptureError, RateLimited, Unavailable
from leadcapture.forms import access, checking, intake, operations, queries, rules, typos
from leadcapture.guard import ceilings, opened
from leadcapture.optin import rules as optin
from leadcapture.optin.signals import ASKED
from leadcapture.sites import protection
from leadcapture.sites import queries as sites
from leadcapture.sites import rules as site_rules

blueprint = Blueprint("form_pages", __name__)

# What a confirmation mail leads to, beside the site's own pages: who opens both is a program, or very curious.
LINKS = frozenset({"confirm", "mail"})


@blueprint.get("/f/<key>/accent.css")
def accent(key: str) -> Response:
    """The site's colour as a style sheet, for the pages may hold no style of their own."""
    with db.read() as session:
        site = sites.by_key(session, key)
    text = site_rules.text_on(site.accent)
    response = Response(f":root{{--lc-accent:{site.accent};--lc-accent-text:{text}}}", mimetype="text/css")
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


# ---- the form -------------------------------------------------------------------------------------------------------


@blueprint.get("/f/<key>/<slug>")
def hosted(key: str, slug: str) -> Response:
    """The form as a page of its own."""
    with db.read() as session:
        site = sites.by_key(session, key)
        form = queries.published_by_slug(session, site.id, slug)
    # What stands in the address may be asked for by hidden fields (utm_source).
    given = MultiDict((f"param:{name}", value) for name, value in request.args.items(multi=True))
    return _form_page(site, form, i18n.best(request.args.get("lang"), site.language), given)


@blueprint.post("/f/<key>/<slug>")
def send(key: str, slug: str) -> Response:
    """Take the filled form; what is wrong with it is said at the fields, and everything typed is still there."""
    now, fields = clock.now(), web.body()
    with db.read() as session:
        site = sites.by_key(session, key)
        form = queries.published_by_slug(session, site.id, slug)
        language = i18n.best(fields.get("lang"), request.args.get("lang"), site.language)
        i18n.use(language)
        try:
            ceilings.form(web.client_ip(), site.key, proven=False)
            if fields.get(operations.HONEYPOT):
                return _sent_page(site, form, ids.new("submission"), rules.clean_line(fields.get("email")))
            if fields.get("act") == "compute":
                computed = checking.compute(session, now, form=form, fields=fields, language=language)
                return _form_page(site, form, language, fields, computed=computed)
            checked = checking.check(session, now, form=form, site=site, fields=fields, language=language)
        except (Invalid, Conflict, RateLimited) as error:
            return _form_page(site, form, language, fields, error)
    try:
        opened_at = opened.at(form.public_id, fields.get("opened"))
        signals = access.at_the_door(site, now, checked.address, opened_at=opened_at, proven=False)
        submission, changed = db.write(
            intake.accept,
            now,
            checked,
            access.evidence(fields, fields.get("page_url") or request.url, signals),
            mails=access.mail_settings(),
        )
    # What the door does not take, what a kind finds out only now, and what nobody can write now.
    except (Invalid, Conflict, Unavailable) as error:
        return _form_page(site, form, language, fields, error)
    access.announce(changed)
    return _sent_page(site, form, submission, checked.address.typed)


@blueprint.post("/f/<key>/<slug>/code")
def code(key: str, slug: str) -> Response:
    """Confirm by the code out of the mail."""
    fields = web.body()
    ceilings.after_form(web.client_ip())
    site, form, public_id = _sender(key, slug, fields)
    outcome = db.write(intake.confirm_by_code, clock.now(), submission=public_id, code=fields.get("code", ""))
    if not isinstance(outcome, Invalid):
        access.announce(outcome.conversations)
        return _done_page(outcome.site, outcome.result, outcome.contact)
    if outcome.code == "expired":
        return _expired_page(site, form)
    with db.read() as session:
        sent = queries.submission(session, public_id)
    return _sent_page(site, form, public_id, sent.email if sent else "", problem=outcome.message)


@blueprint.post("/f/<key>/<slug>/resend")
def resend(key: str, slug: str) -> Response:
    """Mail the link again, as often as the caps allow; the answer is always the same."""
    ceilings.after_form(web.client_ip())
    site, form, public_id = _sender(key, slug, web.body())
    access.send_again(public_id)
    return _sent_page(site, form, public_id, "", message=intake.again_message())


@blueprint.get("/f/<key>/<slug>/code")
@blueprint.get("/f/<key>/<slug>/resend")
def back_to_form(key: str, slug: str) -> AnyResponse:
    """Whoever opens the address of an answer gets the form."""
    return redirect(f"/f/{key}/{slug}")


# ---- the mailed link ----------------------------------------------------------------------------------------------


@blueprint.get("/confirm/<token>")
def confirmation(token: str) -> Response:
    """One button. Mail scanners, previews and prefetching browsers may look as often as they like."""
    now, public_id = clock.now(), signing.verify("confirm", token)
    with db.read() as session:
        asked, sent, form, site = queries.asked(session, public_id)
        contact = queries.contact_of(session, sent)
    _speak(sent.language)
    if asked.status == "confirmed":
        return _done_page(site, sent.result or {}, contact)
    if optin.over(status=asked.status, expires_at=asked.expires_at, now=now):
        return _expired_page(site, form, token=token, sent=sent)
    access.note_opened(now, about=[public_id], link="confirm")
    return _button_page(site, sent, token)


@blueprint.post("/confirm/<token>")
def confirm(token: str) -> Response:
    """Confirm. Pressed again, or fifty times at once, it is the same success. Who presses as mail scanners do is asked
    for the code of the mail."""
    now, public_id = clock.now(), signing.verify("confirm", token)
    typed = request.form.get("code")
    with db.read() as session:
        asked, sent, form, site = queries.asked(session, public_id)
        press = access.judge_press(now, about=public_id, links=LINKS, session=session)
    _speak(sent.language)
    if typed is not None:
        outcome: intake.Confirmed | Invalid = db.write(
            intake.confirm_by_code_of, now, confirmation=public_id, code=typed
        )
    else:
        if asked.status == "pending" and press.suspicious and protection.of(site).ask_code:
            access.note_opened(now, about=[public_id], link=ASKED)
            return _button_page(site, sent, token, ask_code=True)
        try:
            outcome = db.write(intake.confirm, now, confirmation=public_id)
        except optin.Expired as error:
            outcome = Invalid(error.message, code=error.code)
    if not isinstance(outcome, Invalid):
        access.announce(outcome.conversations)
        return _done_page(outcome.site, outcome.result, outcome.contact)
    if outcome.code == "expired":
        return _expired_page(site, form, token=token, sent=sent)
    return _button_page(site, sent, token, ask_code=True, problem=outcome.message)


@blueprint.post("/confirm/<token>/resend")
def renew(token: str) -> Response:
    """Mail a new link in place of one that has expired."""
    with db.read() as session:
        _asked, sent, form, site = queries.asked(session, signing.verify("confirm", token))
    _speak(sent.language)
    if not sent.email:
        return _expired_page(site, form)
    access.send_again(sent.public_id)
    return _sent_page(site, form, sent.public_id, sent.email)


# ---- what they are made of ------------------------------------------------------------------------------------------


def form_context(
    site: Any,
    form: Any,
    described: dict[str, Any],
    fields: MultiDict[str, str],
    error: LeadCaptureError | None = None,
    *,
    computed: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """What the template of a form's own page is given."""
    return {
        "site": site,
        "form": form,
        "described": described,
        "values": fields,
        "computed": computed,
        "agreed": fields.getlist("consent"),
        "errors": error.fields if isinstance(error, Invalid) else {},
        "problem": error.message if error else None,
        "wait": error.retry_after if isinstance(error, RateLimited | Unavailable) else None,
        "once": fields.get("once") or secrets.token_urlsafe(16),
        "opened": fields.get("opened") or opened.sign(clock.now(), form.public_id),
        "page_url": fields.get("page_url") or request.referrer or "",
        "languages": [(code, Locale.parse(code).display_name) for code in i18n.LANGUAGES],
    }


def _form_page(
    site: Any,
    form: Any,
    language: str,
    fields: MultiDict[str, str],
    error: LeadCaptureError | None = None,
    *,
    computed: dict[str, Any] | None = None,
) -> Response:
    i18n.use(language)
    with db.read() as session:
        described = access.described(session, clock.now(), form, site, language)
    for field in described["fields"]:
        if field["param"] and f"param:{field['param']}" in fields:
            field["value"] = fields[f"param:{field['param']}"][:500]
    context = form_context(site, form, described, fields, error, computed=computed)
    page = render_template([f"forms/kinds/{form.kind}.html", "forms/form.html"], **context)
    response = make_response(page, error.status if error else 200)
    if isinstance(error, RateLimited | Unavailable):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _sent_page(
    site: Any, form: Any, public_id: str, email: str, *, message: str | None = None, problem: str | None = None
) -> Response:
    days = access.settings().confirmation_days
    page = render_template(
        "forms/sent.html",
        site=site,
        form=form,
        submission=public_id,
        poll_token=access.poll_token(site.key, public_id),
        message=message or intake.sent_message(email, days),
        meant=typos.suggestion(email),
        problem=problem,
    )
    return _private(page, 422 if problem else 200)


def _done_page(site: Any, result: dict[str, Any], contact: str | None) -> Response:
    token = signing.sign("preferences", contact) if contact else None
    return _private(render_template("forms/done.html", site=site, result=result, preferences_token=token))


def _button_page(site: Any, sent: Any, token: str, *, ask_code: bool = False, problem: str | None = None) -> Response:
    page = render_template("forms/confirm.html", site=site, sent=sent, token=token, ask_code=ask_code, problem=problem)
    return _private(page, 422 if problem else 200)


def _expired_page(site: Any, form: Any, *, token: str | None = None, sent: Any = None) -> Response:
    return _private(render_template("forms/expired.html", site=site, form=form, token=token, sent=sent), 410)


def _private(page: str, status: int = 200) -> Response:
    # The address of such a page is a key: it goes into no Referer and no cache.
    response = make_response(page, status)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def _sender(key: str, slug: str, fields: MultiDict[str, str]) -> tuple[Any, Any, str]:
    """The site, its form, and the submission that the token in the fields proves. Raises NotFound, BadToken."""
    with db.read() as session:
        site = sites.by_key(session, key)
        form = queries.by_slug(session, site.id, slug)
    i18n.use(i18n.best(fields.get("lang"), site.language))
    public_id = fields.get("submission", "")
    access.check_poll_token(site.key, public_id, fields.get("poll_token", ""))
    return site, form, public_id


def _speak(language: str) -> None:
    i18n.use(i18n.best(request.args.get("lang"), language))
