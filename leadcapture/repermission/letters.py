"""The mail that asks again: for a contact with the old words beside the new, for who is none with where we know of
them from. A preview is rendered by the same values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from babel.dates import format_date
from sqlalchemy.orm import Session

from leadcapture import i18n, signing
from leadcapture.addresses import Address
from leadcapture.contacts.models import Contact
from leadcapture.mail import operations as mail
from leadcapture.mail import rendering
from leadcapture.mail.rules import greeting_name, one_line
from leadcapture.repermission import rules
from leadcapture.repermission.models import PermissionAsk, PermissionCampaign
from leadcapture.sites.models import Site
from leadcapture.sites.rules import text_on

NAME = "re_permission"


class Held(Protocol):
    """The entry of the ledger that holds now."""

    @property
    def statement(self) -> str: ...
    @property
    def at(self) -> datetime: ...


@dataclass(frozen=True)
class Letter:
    """One question, ready to be mailed."""

    site: Site
    ask: str
    to: Address
    to_name: str
    language: str
    values: Mapping[str, Any]
    unsubscribe_url: str
    contact: str | None = None  # its public id
    purpose: str | None = None


def of_contact(
    site: Site,
    campaign: PermissionCampaign,
    ask: str,
    contact: Contact,
    language: str,
    held: Held,
    public_url: str,
    now: datetime,
) -> Letter:
    """The question to a contact; it rests on the consent that is asked about, so a withdrawal stops it."""
    link, code = _link(public_url, ask), code_of(ask)
    return Letter(
        site,
        ask,
        Address(typed=contact.email, key=contact.email_key),
        contact.name,
        language,
        _values(campaign, language, contact.name, held, link, code, now),
        f"{public_url}/unsubscribe/{signing.sign('unsubscribe', contact.public_id)}",
        contact.public_id,
        campaign.purpose,
    )


def of_quarantined(
    site: Site, campaign: PermissionCampaign, ask: PermissionAsk, address: Address, public_url: str, now: datetime
) -> Letter:
    """The one question to somebody who is no contact. To unsubscribe is to say no."""
    link = _link(public_url, ask.public_id)
    values = _values(campaign, ask.language, ask.name, None, link, code_of(ask.public_id), now)
    return Letter(site, ask.public_id, address, ask.name, ask.language, values, link)


def code_of(ask: str) -> str:
    """The code that a question's mail carries, for whoever's press looks like a program's."""
    return rules.code_of(signing.digest("permission", ask))


def ask(session: Session, now: datetime, letter: Letter) -> mail.Enqueued:
    """Put the question into the outbox; a copy of its row, whose status may be `suppressed`."""
    return mail.enqueue(
        session,
        now,
        site=letter.site,
        name=NAME,
        to=letter.to,
        to_name=greeting_name(letter.to_name),
        language=letter.language,
        values=letter.values,
        unsubscribe_url=letter.unsubscribe_url,
        about=letter.ask,
        contact=letter.contact,
        purpose=letter.purpose,
    )


def preview(site: Site, campaign: PermissionCampaign, language: str, old: str, now: datetime) -> rendering.Rendered:
    """The mail as somebody who holds the `old` statement gets it; its links lead nowhere."""
    nowhere = "#"
    return rendering.render(
        NAME,
        language=language,
        values={
            "site_name": one_line(site.name, 120),
            "accent": site.accent,
            "accent_text": text_on(site.accent),
            "privacy_url": site.privacy_url or "",
            "unsubscribe_url": nowhere,
            "web_url": nowhere,
            "to_email": "alice@example.org",
            **_values(campaign, language, "Alice", _Example(old, now), nowhere, "123456", now),
        },
    )


@dataclass(frozen=True)
class _Example:
    statement: str
    at: datetime


def _values(
    campaign: PermissionCampaign, language: str, name: str, held: Held | None, link: str, code: str, now: datetime
) -> dict[str, Any]:
    said = rules.wordings(campaign.statement)[language]
    ends = now + timedelta(days=campaign.ends_after_days) if campaign.ends_after_days else None
    with i18n.speaking(language):
        return {
            "name": greeting_name(name),
            "link": link,
            "code": code,
            "statement": said.statement,
            "old": held.statement if held else "",
            "since": format_date(held.at, format="long", locale=language) if held else "",
            "change": rules.change(held.statement, said.statement)
            if held and held.statement
            else rules.NOTHING_TO_COMPARE,
            "ground": campaign.ground,
            "ends": format_date(ends, format="long", locale=language) if ends else "",
        }


def _link(public_url: str, ask: str) -> str:
    return f"{public_url}/permission/{signing.sign('permission', ask)}"
