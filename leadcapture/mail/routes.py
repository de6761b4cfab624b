"""A mail on the web, for who cannot read it where it arrived."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request

from leadcapture import clock, db, i18n, signing, web
from leadcapture.mail import opens, queries, rules, transports
from leadcapture.sites import queries as sites

blueprint = Blueprint("mail", __name__)


@blueprint.get("/mail/<token>")
def on_the_web(token: str) -> Response:
    """The text of the mail whose signed link this is; 404 for any other token, and once the mail is no longer kept."""
    public_id = signing.verify("mail", token)
    with db.read() as session:
        email = queries.on_the_web(session, public_id)
        site = sites.by_id(session, email.site_id)
    opens.note(
        clock.now(),
        about=[one for one in (email.about, email.contact) if one],
        link="mail",
        ip=web.client_ip(),
        agent=request.headers.get("User-Agent", ""),
    )
    i18n.use(email.language)
    paragraphs = rules.paragraphs_with_links(email.text, transports.public_url())
    response = make_response(render_template("mail_web/mail.html", email=email, site=site, paragraphs=paragraphs))
    # The page holds what was meant for one person: it must not be found, kept or named to pages it links to.
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response
