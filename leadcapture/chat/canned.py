"""Canned replies: texts of a site that its operators insert by a shortcut, with fields filled as they are inserted.

A field is `{{visitor.name}}`, or `{{visitor.name|there}}` with what to say where the value is not known.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from leadcapture import ids
from leadcapture.chat import rules
from leadcapture.chat.models import CannedReply
from leadcapture.errors import Invalid, NotFound
from leadcapture.i18n import gettext as _
from leadcapture.operators.models import Membership, Operator
from leadcapture.sites.models import Site

# What the inbox can fill in; widget/src/inbox/canned.ts names the same.
FIELDS = ("visitor.name", "visitor.email", "visitor.page", "operator.name", "site.name")
MOST = 500  # of one site: they are searched in the browser
LONGEST_SHORTCUT = 40

_FIELD = re.compile(r"\{\{\s*([^{}|]*?)\s*(?:\|[^{}]*)?\}\}")
_SHORTCUT = re.compile(rf"[\w-]{{1,{LONGEST_SHORTCUT}}}")


@dataclass(frozen=True)
class Canned:
    """One canned reply."""

    id: str
    shortcut: str
    body: str
    updated_at: datetime

    def for_operator(self) -> dict[str, str]:
        return {"id": self.id, "shortcut": self.shortcut, "body": self.body}


# ---- what may be saved -----------------------------------------------------------------------------------------------


def checked(shortcut: str, body: str) -> tuple[str, str]:
    """The shortcut (in small letters, without the slash it is typed with) and the text as they are kept.

    Raises Invalid with the sentences at `shortcut` and `body`.
    """
    shortcut = unicodedata.normalize("NFC", shortcut).strip().removeprefix("/").lower()
    problems: dict[str, list[str]] = {}
    if not _SHORTCUT.fullmatch(shortcut):
        problems["shortcut"] = [
            _("Use letters, digits, - and _, at most %(count)d of them, without spaces.", count=LONGEST_SHORTCUT)
        ]
    try:
        body = rules.clean_body(body)
    except Invalid as error:
        problems["body"] = [error.message]
    else:
        unknown = unknown_fields(body)
        if unknown:
            problems["body"] = [
                _("There is no field %(field)s. You can use: %(fields)s.", field=unknown[0], fields=_list_of_fields())
            ]
    if problems:
        raise Invalid(fields=problems)
    return shortcut, body


def unknown_fields(body: str) -> list[str]:
    """The fields of a text that nothing can fill, as they are written, in order."""
    return [found[0] for found in _FIELD.finditer(body) if found[1] not in FIELDS]


def _list_of_fields() -> str:
    return ", ".join(f"{{{{{field}}}}}" for field in FIELDS)


# ---- reading ---------------------------------------------------------------------------------------------------------


def of_site(session: Session, site_id: int) -> list[Canned]:
    """The site's canned replies in the order of their shortcuts."""
    found = select(CannedReply).where(CannedReply.site_id == site_id).order_by(CannedReply.shortcut)
    return [_canned(row) for row in session.scalars(found)]


def for_operator(session: Session, operator_id: int, epoch: int, site_key: str) -> list[Canned]:
    """As `of_site`, for an operator of that site. Raises NotFound for anybody else, whose session ended included."""
    site_id = session.scalar(
        select(Site.id)
        .join(Membership, Membership.site_id == Site.id)
        .join(Operator, Operator.id == Membership.operator_id)
        .where(Site.key == site_key, Operator.id == operator_id, Operator.session_epoch == epoch)
    )
    if site_id is None:
        raise NotFound("No such site.")
    return of_site(session, site_id)


def one(session: Session, site_id: int, public_id: str) -> Canned:
    """That canned reply of the site. Raises NotFound."""
    return _canned(_found(session, site_id, public_id))


def _canned(row: CannedReply) -> Canned:
    return Canned(row.public_id, row.shortcut, row.body, row.updated_at)


def _found(session: Session, site_id: int, public_id: str) -> CannedReply:
    row = session.scalar(select(CannedReply).where(CannedReply.site_id == site_id, CannedReply.public_id == public_id))
    if row is None:
        raise NotFound(_("This canned reply is gone."))
    return row


# ---- writing ---------------------------------------------------------------------------------------------------------


def add(session: Session, now: datetime, *, site_id: int, shortcut: str, body: str) -> str:
    """Keep a new one; its public id. Raises Invalid with the fields that will not do."""
    shortcut, body = checked(shortcut, body)
    count = session.scalar(select(func.count()).where(CannedReply.site_id == site_id)) or 0
    if count >= MOST:
        raise Invalid(fields={"shortcut": [_("There are %(count)d already. Delete one first.", count=MOST)]})
    row = CannedReply(
        public_id=ids.new("canned"), site_id=site_id, shortcut=shortcut, body=body, created_at=now, updated_at=now
    )
    session.add(row)
    _store(session)
    return row.public_id


def change(session: Session, now: datetime, *, site_id: int, public_id: str, shortcut: str, body: str) -> None:
    """Give it another shortcut and text. Raises NotFound, and Invalid with the fields that will not do."""
    row = _found(session, site_id, public_id)
    row.shortcut, row.body = checked(shortcut, body)
    row.updated_at = now
    _store(session)


def delete(session: Session, now: datetime, *, site_id: int, public_id: str) -> None:
    """Forget it. Raises NotFound."""
    session.delete(_found(session, site_id, public_id))


def _store(session: Session) -> None:
    # Two who choose the same shortcut at once: the database lets one of them have it.
    try:
        session.flush()
    except IntegrityError as error:
        raise Invalid(fields={"shortcut": [_("Another canned reply has this shortcut.")]}) from error
