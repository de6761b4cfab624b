"""Questions a site asks before the first message, off by default: checked, kept with the visitor, shown to operators.

An address that is given here is a claim like any other: it stands in the conversation as unconfirmed and is not mailed
before its owner confirms it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from leadcapture import addresses
from leadcapture.chat import masking, rules
from leadcapture.chat.models import Visitor
from leadcapture.chat.queries import conversations, visitors
from leadcapture.errors import Invalid
from leadcapture.i18n import gettext as _
from leadcapture.sites import chat_settings
from leadcapture.sites.models import Site

LONGEST_ANSWER = 500  # characters


def asked(questions: Sequence[Mapping[str, Any]], language: str, sites_own: str) -> list[dict[str, Any]]:
    """The questions as the panel shows them, `{name, label, required, choices}`, in that language, else the site's."""
    return [
        {
            "name": one["name"],
            "label": spoken(one.get("label"), language, sites_own) or one["name"],
            "required": bool(one.get("required")),
            "choices": spoken(one.get("choices"), language, sites_own) or None,
        }
        for one in questions
    ]


def spoken(by_language: Mapping[str, Any] | None, language: str, sites_own: str) -> Any:
    """What stands there in that language, else in the site's own, else in whichever there is; None for nothing."""
    said = by_language or {}
    return said.get(language) or said.get(sites_own) or next((one for one in said.values() if one), None)


def checked(site: Site, given: object) -> dict[str, str]:
    """The answers by the questions' names; questions that were not answered are left out, and so is what nobody asked.

    Raises Invalid with the fields to mend: a required one that is missing, an address that is none, a choice that was
    not offered.
    """
    if not isinstance(given, dict):
        raise Invalid(_("This request cannot be read (%(name)s).", name="answers"), code="bad_request")
    settings = chat_settings.of(site.chat)
    answers: dict[str, str] = {}
    problems: dict[str, list[str]] = {}
    for question in settings.pre_chat:
        name, value = question["name"], given.get(question["name"])
        text = rules.clean_line(value, LONGEST_ANSWER) if isinstance(value, str) else ""
        try:
            if text:
                answers[name] = _answer(question, text, settings)
            elif question.get("required"):
                problems[name] = [_("Please answer this.")]
        except Invalid as error:
            problems[name] = [error.message]
    if problems:
        raise Invalid(_("Some answers cannot be used."), fields=problems)
    return answers


def _answer(question: Mapping[str, Any], text: str, settings: chat_settings.ChatSettings) -> str:
    name = question["name"]
    if name == "name":
        return text[:120]
    if name == "email":
        return addresses.parse(text).typed
    if name == "phone":
        return _number(text, settings.country)
    offered = [choice for choices in (question.get("choices") or {}).values() for choice in choices or ()]
    if offered and text not in offered:
        raise Invalid(_("Choose one of these."))
    return masking.masked(text) if settings.masking else text


def _number(text: str, region: str) -> str:
    import phonenumbers  # here, because it takes long and starting must not

    try:
        number = phonenumbers.parse(_western_digits(text), region or None)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise Invalid(_("This is no phone number. Begin with + and the country's code, like +44 20 7946 0958."))
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _western_digits(text: str) -> str:
    return "".join(str(unicodedata.digit(char)) if unicodedata.category(char) == "Nd" else char for char in text)


# ---- what is kept ----------------------------------------------------------------------------------------------------


def keep(
    session: Session, now: datetime, *, site_id: int, visitor: str, answers: Mapping[str, str], language: str
) -> str | None:
    """Keep the answers with the visitor; who has not written yet gets a row by answering. Later ones replace earlier.

    The public id of the conversation that shows them now, if something is new and there is one. The id of a visitor of
    another site changes nothing.
    """
    if not answers:
        return None
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(
        dialect.insert(Visitor)
        .values(public_id=visitor, site_id=site_id, language=language, created_at=now, seen_at=now)
        .on_conflict_do_nothing(index_elements=["public_id"])
    )
    row = session.execute(
        select(Visitor).where(Visitor.public_id == visitor, Visitor.site_id == site_id).with_for_update()
    ).scalar_one_or_none()
    if row is None or row.answers == (merged := {**(row.answers or {}), **answers}):
        return None
    row.answers = merged
    if not (row.user or {}).get("name"):
        row.name = answers.get("name", row.name)
    session.flush()
    return _into_conversation(session, row)


def carry(session: Session, *, visitor: str) -> None:
    """The visitor's first message has begun a conversation: what was answered before stands in it too."""
    row = session.scalars(select(Visitor).where(Visitor.public_id == visitor)).one()
    if row.answers:
        _into_conversation(session, row)


def _into_conversation(session: Session, row: Visitor) -> str | None:
    """An address goes into the newest conversation, as unconfirmed; one that stands there already is left alone. The
    conversation's public id, if there is one."""
    email, c = (row.answers or {}).get("email"), conversations.c
    newest = session.execute(
        select(c.id, c.public_id).where(c.visitor_id == row.id).order_by(c.id.desc()).limit(1)
    ).first()
    if newest is None:
        return None
    if email:
        session.execute(
            update(conversations)
            .where(c.id == newest.id, c.email.is_(None))
            .values(email=email, email_confirmed_at=None)
        )
    return str(newest.public_id)


def shown(session: Session, site: Site, visitor: str, language: str) -> list[dict[str, str]]:
    """The answers for an operator: `{label, value}` in the order of the questions, those asked no more last."""
    answers = dict(session.scalar(select(visitors.c.answers).where(visitors.c.public_id == visitor)) or {})
    questions = asked(chat_settings.of(site.chat).pre_chat, language, site.language)
    labels = {one["name"]: one["label"] for one in questions}
    known = [name for name in labels if name in answers]
    rest = [name for name in answers if name not in labels]
    return [{"label": labels.get(name, name), "value": answers[name]} for name in known + rest]
