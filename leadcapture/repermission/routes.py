"""The page that a question's mail leads to: the new statement, the old one, Yes and No.

The token in the address is all the authority there is; no cookie, no sign-in, and looking changes nothing.
"""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Any

from babel.dates import format_date
from flask import Blueprint, Response, current_app, make_response, render_template, request

from leadcapture import clock, db, i18n, signing, web
from leadcapture.i18n import gettext as _
from leadcapture.mail import opens
from leadcapture.optin import rules as optin
from leadcapture.optin import signals
from leadcapture.repermission import answering, letters, queries, rules
from leadcapture.repermission.queries import Question
from leadcapture.sites import queries as sites

blueprint = Blueprint("repermission", __name__)

LINKS = frozenset({"permission", "mail", "unsubscribe"})  # that the mail has


@blueprint.get("/permission/<token>")
def look(token: str) -> Response:
    """The question, or what came of it."""
    question, site = _asked(token)
    opens.note(clock.now(), about=_about(question, token), link="permission", ip=web.client_ip(), agent=_agent())
    return _page(question, site, token)


@blueprint.post("/permission/<token>")
def answer(token: str) -> Response:
    """Take the answer; pressed again it is the same page. Where a program seems to press, the mail's code is asked for
    first. A mail program's own button (RFC 8058) says no."""
    question, site = _asked(token)
    fields = web.body()
    said = "no" if fields.get("List-Unsubscribe") == "One-Click" else fields.get("answer")
    if said not in ("yes", "no"):
        return _page(question, site, token)
    ask, typed = signing.verify("permission", token), fields.get("code")
    right = typed is not None and hmac.compare_digest(optin.typed_code(typed).encode(), letters.code_of(ask).encode())
    if fields.get("List-Unsubscribe") is None and not right and (typed is not None or _suspicious(question, token)):
        problem = _("This is not the code from the mail.") if typed is not None else None
        return _page(question, site, token, code_asked=True, problem=problem)
    db.write(answering.answer, clock.now(), ask=ask, yes=said == "yes", **_asker())
    return _page(_asked(token)[0], site, token)


def _asked(token: str) -> tuple[Question, Any]:
    """The question that the token names, and its site; the page speaks the person's language. Raises BadToken,
    NotFound."""
    with db.read() as session:
        question = queries.question(session, signing.verify("permission", token))
        site = sites.by_id(session, question.site_id)
    i18n.use(i18n.best(request.args.get("lang"), question.language))
    return question, site


def _suspicious(question: Question, token: str) -> bool:
    """Whether the press looks like a mail scanner's, as on the page of a confirmation."""
    now, ip, agent = clock.now(), web.client_ip(), _agent()
    with db.read() as session:
        seen = [opens.by_same(session, now, about=one, ip=ip, agent=agent) for one in _about(question, token)]
    opened = frozenset().union(*seen)
    return signals.judge(agent=agent, now=now, handed_over_at=question.mailed_at, opened=opened, links=LINKS).suspicious


def _about(question: Question, token: str) -> list[str]:
    """The public ids that the links of the mail are noted under."""
    return [signing.verify("permission", token), *([question.contact] if question.contact else [])]


def _agent() -> str:
    return request.headers.get("User-Agent", "")


def _asker() -> dict[str, str | None]:
    stores_ip = current_app.config["LEADCAPTURE"].store_ip
    return {
        "ip": web.client_ip() if stores_ip else None,
        "user_agent": _agent()[:400],
    }


def _page(
    question: Question, site: Any, token: str, *, code_asked: bool = False, problem: str | None = None
) -> Response:
    page = render_template(
        "repermission/ask.html" if question.answer is None else "repermission/answered.html",
        site=site,
        question=question,
        answer=question.answer,
        change=rules.change(question.old, question.statement),
        since=_day(question.since),
        ends=_day(question.ends),
        token=token,
        code_asked=code_asked,
        problem=problem,
        preferences_token=signing.sign("preferences", question.contact) if question.contact else None,
    )
    response = make_response(page, 422 if problem else 200)
    # The address of such a page is a key: it goes into no Referer and no cache.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def _day(moment: datetime | None) -> str:
    return format_date(moment, format="long", locale=i18n.language()) if moment else ""
