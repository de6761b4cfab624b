"""Which addresses a mail to somebody else has in it, such as a shop's notice of a visitor: kept beside the mails, so
that to erase a person no mail has to be read that does not name them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from leadcapture.addresses import Address
from leadcapture.mail.models import Email, NamedAddress

_named: Any = NamedAddress.__table__
_noted = insert(_named)

# An address in a text, as far as it can be told: what stands before the sign up to a character that few local parts
# have, and the domain. An address with such characters is found by what follows the last of them.
_LOCAL = re.compile(r"[\w.+%-]*")
_DOMAIN = re.compile(r"(?:[\w-]|\.(?=\w))+")
_LONGEST = 320


def marks(text: str) -> Iterator[str]:
    """What each address in the text is looked up by."""
    at = text.find("@")
    while at >= 0:
        # After a blank it is a style sheet's @media.
        if at and not text[at - 1].isspace():
            local, domain = _LOCAL.match(text[max(0, at - _LONGEST) : at][::-1]), _DOMAIN.match(text, at + 1)
            if local and domain:
                yield f"{local[0][::-1]}@{domain[0][:_LONGEST]}".lower()[:_LONGEST]
        at = text.find("@", at + 1)


def marks_of(address: Address) -> set[str]:
    """What that address is looked up by, as it was typed and as it is compared."""
    return {*marks(address.typed), *marks(address.key)}


def note(session: Session, email_id: int, texts: Iterable[str | None], *, but_for: Iterable[str]) -> None:
    """Keep which addresses stand in these texts of a mail, but for some (by their marks)."""
    found = {mark for text in texts if text for mark in marks(text)}.difference(but_for)
    if found:
        session.connection().execute(_noted, [{"email_id": email_id, "address": mark} for mark in sorted(found)])


def named_by(session: Session, email_id: int) -> set[str]:
    """What is kept of a mail already."""
    return set(session.scalars(select(NamedAddress.address).where(NamedAddress.email_id == email_id)))


def texts_gone(session: Session, email_ids: Collection[int]) -> None:
    """The texts of these mails are no longer kept: of what they named, only where to answer is still there."""
    rows = session.execute(
        select(_named.c.email_id, _named.c.address, Email.reply_to)
        .join(Email, Email.id == _named.c.email_id)
        .where(_named.c.email_id.in_(email_ids))
    )
    for email_id, address, reply_to in rows.all():
        if address not in marks(reply_to or ""):
            session.execute(delete(_named).where(_named.c.email_id == email_id, _named.c.address == address))
