"""What the pages of this slice share: who asks, by the token in the address alone; what their press is taken for."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Response, current_app, make_response, render_template, request

from leadcapture import clock, db, i18n, signing, web
from leadcapture.contacts import queries as contacts
from leadcapture.errors import NotFound
from leadcapture.forms import access as forms
from leadcapture.forms.rules import clean_line
from leadcapture.i18n import gettext as _
from leadcapture.privacy.preferences import Asker
from leadcapture.sites import queries as sites

# What the mails to a contact lead to: who has opened all of it looks through mail, as scanners do.
LINKS = frozenset({"mail", "preferences", "unsubscribe"})


def whose(purpose: str, token: str) -> tuple[Any, Any]:
    """The contact that the token names, and its site; the page speaks the contact's language. Raises BadToken,
    NotFound."""
    public_id = signing.verify(purpose, token)
    try:
        with db.read() as session:
            contact = contacts.by_token_id(session, public_id)
            site = sites.by_id(session, contact.site_id)
    except NotFound as error:
        raise NotFound(_("Nothing is kept under this link (any more).")) from error
    i18n.use(i18n.best(request.args.get("lang"), contact.language, site.language))
    return contact, site


def asker() -> Asker:
    """Where this request comes from, as far as it is kept."""
    stores_ip = current_app.config["LEADCAPTURE"].store_ip
    return Asker(web.client_ip() if stores_ip else None, clean_line(request.headers.get("User-Agent"))[:400])


def looked(contact: Any, link: str) -> None:
    """Note that somebody, or something, looked at a page that the contact's mails lead to."""
    forms.note_opened(clock.now(), about=[contact.public_id], link=link)


def in_doubt(contact: Any, site: Any) -> Response | None:
    """The page that asks for the address, where this press looks like that of a program that looks through mail, and
    the address was not typed; None where it is taken for a person's.

    Such a program presses what it finds, but what stands at the head of the mail it does not type.
    """
    if not forms.judge_press(clock.now(), about=contact.public_id, links=LINKS).suspicious:
        return None
    typed = clean_line(request.form.get("typed_address")).casefold()
    if typed in {contact.email.casefold(), contact.email_key}:
        return None
    given = [pair for pair in request.form.items(multi=True) if pair[0] != "typed_address"]
    return page("privacy/person.html", site, contact, given=given, action=here(), again=bool(typed))


def page(name: str, site: Any, contact: Any, *, status: int = 200, **values: Any) -> Response:
    """A page about the contact; `preferences` is the address of theirs."""
    # As the address of the page would have it: read in another language, it goes on in that.
    chosen = f"?{urlencode({'lang': i18n.language()})}" if "lang" in request.args else ""
    path = f"/preferences/{signing.sign('preferences', contact.public_id)}"
    values |= {"site": site, "contact": contact, "preferences": path, "lang": chosen}
    return private(make_response(render_template(name, **values), status))


def private(response: Response) -> Response:
    """The address of such a page is a key: it goes into no Referer, no cache and no index."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def public_url() -> str:
    """The base of links to us."""
    return str(current_app.config["LEADCAPTURE"].public_url)


def here() -> str:
    """The path that was asked for, with its question mark."""
    return request.full_path.rstrip("?")
