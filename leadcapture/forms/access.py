"""What the widget's calls and the hosted pages share: the evidence of a request, the tokens, what follows a commit."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import current_app, request
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from leadcapture import clock, db, signing, web
from leadcapture.addresses import Address
from leadcapture.chat import broadcast
from leadcapture.errors import BadToken, Invalid
from leadcapture.forms import held, intake, operations, rules, typos
from leadcapture.guard import door
from leadcapture.i18n import gettext as _
from leadcapture.mail import opens
from leadcapture.optin import signals

if TYPE_CHECKING:
    from leadcapture.sites.models import Site


def evidence(fields: MultiDict[str, str], page_url: str | None, signals: tuple[str, ...] = ()) -> intake.Evidence:
    """Where this request's submission comes from, with what the door noted of it."""
    return intake.Evidence(
        page_url=rules.clean_url(page_url),
        ip=web.client_ip() if settings().store_ip else None,
        user_agent=rules.clean_line(request.headers.get("User-Agent"))[:400],
        once=fields.get("once", ""),
        signals=signals,
    )


def at_the_door(
    site: Site, now: datetime, address: Address, *, opened_at: datetime | None, proven: bool
) -> tuple[str, ...]:
    """As door.check; where the address is refused and looks like a slip, the sentence says what was probably meant."""
    try:
        return door.check(site, now, address, opened_at=opened_at, proven=proven)
    except Invalid as refused:
        if meant := typos.suggestion(address.typed):
            refused.fields["email"] = [_("Did you mean %(address)s?", address=meant)]
        raise


def mail_settings() -> intake.MailSettings:
    """What confirmation mails need to know."""
    return intake.MailSettings(public_url=settings().public_url, days=settings().confirmation_days)


def described(session: Session, now: datetime, form: Any, site: Any, language: str | None) -> dict[str, Any]:
    """The form as a page is told of it, with the script that its kind brings, if there is one."""
    found = operations.describe_now(session, now, form, site, language)
    return with_module(found)


def with_module(described: dict[str, Any]) -> dict[str, Any]:
    """The description with the path of the script that the form's kind brings; None where it brings none."""
    file = web.manifest().get(f"kind-{described['kind']}.js")
    return {**described, "module": file and f"/static/{file}", "rich": described["rich"] or file is not None}


def poll_token(key: str, public_id: str) -> str:
    """Proves that its holder sent that submission to the site with that key."""
    return signing.sign("submission", f"{public_id}.{key}")


def check_poll_token(key: str, public_id: str, token: str) -> None:
    """Raises BadToken unless the token proves that its holder sent that submission to the site with that key."""
    if signing.verify("submission", token) != f"{public_id}.{key}":
        raise BadToken(_("This link is not valid."))


def announce(conversations: list[str]) -> None:
    """Tell operators and visitors of the conversations that an effect has changed; call it after the commit."""
    for public_id in conversations:
        broadcast.conversation_changed(public_id)


def send_again(public_id: str) -> None:
    """Mail the confirmation of that submission again, within the caps; nothing happens where none is waited for."""
    with db.read() as session:
        status, _result = held.shown(session, public_id)
    if status == "pending":
        db.write(intake.resend, clock.now(), submission=public_id, mails=mail_settings())


def note_opened(now: datetime, *, about: Iterable[str], link: str) -> None:
    """Remember who looks at a page that the mails about those things lead to (see mail.opens)."""
    opens.note(now, about=about, link=link, ip=web.client_ip(), agent=_agent())


def judge_press(now: datetime, *, about: str, links: frozenset[str], session: Session | None = None) -> signals.Signals:
    """What speaks for a program at this press of a button that the mails about that thing lead to (looked up in that
    session, where there is one); `links` are all that such a mail has."""
    with nullcontext(session) if session else db.read() as reading:
        handed_over_at = opens.handed_over_at(reading, about)
        opened = opens.by_same(reading, now, about=about, ip=web.client_ip(), agent=_agent())
    return signals.judge(agent=_agent(), now=now, handed_over_at=handed_over_at, opened=opened, links=links)


def _agent() -> str:
    return request.headers.get("User-Agent", "")


def settings() -> Any:
    """The settings of the running application."""
    return current_app.config["LEADCAPTURE"]
