"""A site's settings, the lines its owner pastes, and a page to try them on."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from flask import Blueprint, Response, current_app, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from leadcapture import addresses, clock, db, i18n, ratelimit
from leadcapture.addresses import Address
from leadcapture.console import operations
from leadcapture.console.home import language_name, snippet
from leadcapture.errors import Invalid
from leadcapture.i18n import gettext as _
from leadcapture.operators import session
from leadcapture.sites import rules

blueprint = Blueprint("console_site", __name__)


@blueprint.get("/console/site")
@session.require("admin")
def settings() -> str:
    """The settings of the current site."""
    site = session.current_site()
    hours = site.hours or {}
    values = {
        "name": site.name,
        "allowed_origins": "\n".join(site.allowed_origins),
        "timezone": site.timezone,
        "open": "always" if site.hours is None else "hours",
        "language": site.language,
        "accent": site.accent,
        "position": site.position,
        "reply_time": site.reply_time,
        "privacy_url": site.privacy_url or "",
        "sender_name": site.sender_name,
        "sender_email": site.sender_email or "",
        "recipient_email": site.recipient_email or "",
        **{day: ", ".join("-".join(span) for span in hours.get(day, ())) for day in rules.DAYS},
    }
    return _settings_page(values, {})


@blueprint.post("/console/site")
@session.require("admin")
def save() -> tuple[str, int] | BaseResponse:
    """Take over the settings; a new recipient of questions is asked by mail."""
    given = request.form
    problems: dict[str, list[str]] = {}
    recipient = _address(given.get("recipient_email", ""), "recipient_email", problems)
    sender = _address(given.get("sender_email", ""), "sender_email", problems)
    chosen = {**_chosen(given), "sender_email": sender.typed if sender else None}
    problems |= rules.problems(chosen)
    if problems:
        return _settings_page(given, problems), 422

    site = session.current_site()
    if recipient and recipient.typed != site.recipient_email:
        ratelimit.hit("RATE_MAIL", recipient.key)
    asked = db.write(
        operations.save_site,
        clock.now(),
        site_id=site.id,
        recipient=recipient,
        public_url=_public_url(),
        settings=chosen,
    )
    flash(_("Saved. The recipient of questions was asked by mail to agree.") if asked else _("Saved."), "good")
    return redirect(url_for(".settings"))


@blueprint.post("/console/site/recipient")
@session.require("admin")
def ask_again() -> BaseResponse:
    """Mail the recipient of questions the link once more."""
    site = session.current_site()
    if site.recipient_email is None or site.recipient_verified_at is not None:
        return redirect(url_for(".settings"))
    ratelimit.hit("RATE_MAIL", addresses.parse(site.recipient_email).key)
    db.write(operations.ask_recipient, clock.now(), site_id=site.id, public_url=_public_url())
    flash(_("The mail is on its way."), "good")
    return redirect(url_for(".settings"))


@blueprint.get("/console/site/preview")
@session.require("admin")
def preview() -> Response:
    """A neutral page with the real snippet, under a policy as strict as an owner may have."""
    service = _service_sources()
    answer = make_response(
        render_template("console/preview.html", site=session.current_site(), public_url=_public_url())
    )
    answer.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src {service[0]}; connect-src {' '.join(service)}; img-src {service[0]} data:; "
        f"style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return answer


def _settings_page(values: Any, problems: dict[str, list[str]]) -> str:
    site = session.current_site()
    text = rules.text_on(site.accent)
    sources = _service_sources()
    return render_template(
        "console/site.html",
        site=site,
        values=values,
        problems=problems,
        days=zip(rules.DAYS, _day_names(), strict=True),
        zones=[(zone, zone.replace("_", " ")) for zone in _zones()],
        languages=[(code, language_name(code)) for code in i18n.LANGUAGES],
        snippet=snippet(),
        policy=f"script-src {sources[0]};\nconnect-src {' '.join(sources)};\nimg-src {sources[0]};",
        text_on_accent=text,
        contrast=f"{rules.contrast(site.accent, text):.1f}",
    )


def _chosen(given: Any) -> dict[str, Any]:
    return {
        "name": given.get("name", "").strip(),
        "allowed_origins": [
            line.strip().rstrip("/") for line in given.get("allowed_origins", "").split("\n") if line.strip()
        ],
        "timezone": given.get("timezone", ""),
        "hours": {day: spans for day in rules.DAYS if (spans := rules.parse_spans(given.get(day, "")))}
        if given.get("open") == "hours"
        else None,
        "language": given.get("language", ""),
        "accent": given.get("accent", "").lower(),
        "position": given.get("position", ""),
        "reply_time": given.get("reply_time", ""),
        "privacy_url": given.get("privacy_url", "").strip() or None,
        "sender_name": given.get("sender_name", "").strip(),
    }


def _address(text: str, field: str, problems: dict[str, list[str]]) -> Address | None:
    if not text.strip():
        return None
    try:
        return addresses.parse(text)
    except Invalid as error:
        problems[field] = [error.message]
        return None


def _zones() -> list[str]:
    return ["UTC", *sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))]


def _day_names() -> list[str]:
    return [_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday")]


def _public_url() -> str:
    return str(current_app.config["LEADCAPTURE"].public_url)


def _service_sources() -> tuple[str, str]:
    """The origin of this service for pages and for sockets, as a Content-Security-Policy names them."""
    parts = urlsplit(_public_url())
    return f"{parts.scheme}://{parts.netloc}", f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}"
