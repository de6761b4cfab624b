"""The demo shop's pages: host pages with the snippet as any owner would paste it, under a content policy of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from babel.numbers import format_currency
from flask import Blueprint, Response, current_app, make_response, render_template

from leadcapture import db, i18n
from leadcapture.demo.rules import QUESTION_SLUG, SITE_KEY, SITE_NAME
from leadcapture.forms import queries as forms
from leadcapture.i18n import lazy_gettext as _
from leadcapture.sites import queries as sites

blueprint = Blueprint("demo", __name__, url_prefix="/demo", static_folder="pictures", static_url_path="/pictures")


@dataclass(frozen=True)
class Good:
    """Something the shop sells, with its price in euros."""

    picture: str
    name: Any
    about: Any
    euros: Decimal

    @property
    def price(self) -> str:
        return format_currency(self.euros, "EUR", locale=i18n.language())


GOODS = (
    Good("cup.svg", _("Morning cup"), _("Stoneware, 250 ml, half dipped in green"), Decimal(24)),
    Good("lamp.svg", _("Evening lamp"), _("Linen shade, warm light, steel foot"), Decimal(119)),
    Good("plant.svg", _("Window plant"), _("Calathea in a terracotta pot"), Decimal("32.50")),
    Good("blanket.svg", _("Hill blanket"), _("Pure wool, 140 × 200 cm, three colours"), Decimal(148)),
)


@blueprint.get("", strict_slashes=False)
def home() -> Response:
    """The shop's front page, with the newsletter form placed inline."""
    return _page("home", goods=GOODS)


@blueprint.get("/about")
def about() -> Response:
    """A second page, so that a conversation can be seen to go on from page to page."""
    return _page("about")


@blueprint.get("/offers")
def offers() -> Response:
    """A form of every kind that is placed in pages."""
    with db.read() as session:
        site = sites.by_key(session, SITE_KEY)
        placed = [form.slug for form in forms.inline(session, site.id)]
    return _page("offers", slugs=placed)


@blueprint.get("/privacy")
def privacy() -> Response:
    """Where the forms' privacy link leads."""
    return _page("privacy")


def _page(name: str, **values: Any) -> Response:
    public_url = current_app.config["LEADCAPTURE"].public_url
    response = make_response(
        render_template(
            f"demo/{name}.html",
            site_name=SITE_NAME,
            widget_url=f"{public_url}/widget/{SITE_KEY}.js",
            question_url=f"/f/{SITE_KEY}/{QUESTION_SLUG}?lang={i18n.language()}",
            **values,
        )
    )
    response.headers["Content-Security-Policy"] = _policy(public_url)
    return response


def _policy(service: str) -> str:
    """What a careful owner allows: the page's own files, and the service to load the script from and to speak to."""
    parts = urlsplit(service)
    service = f"{parts.scheme}://{parts.netloc}"
    socket = f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}"
    return (
        f"default-src 'none'; script-src 'self' {service}; connect-src 'self' {service} {socket}; style-src 'self'; "
        "img-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
