"""Reading members."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from leadcapture.consent import queries as consent
from leadcapture.contacts.models import Contact
from leadcapture.errors import NotFound
from leadcapture.forms.kinds.registration import rules
from leadcapture.forms.kinds.registration.models import Member
from leadcapture.forms.models import Form
from leadcapture.i18n import gettext as _
from leadcapture.sites.models import Site

PURPOSE = "membership"


@dataclass(frozen=True)
class Held:
    """A membership with all it belongs to; `agreed` is whether the consent to it holds."""

    member: Member
    contact: Contact
    form: Form
    site: Site
    agreed: bool

    @property
    def against(self) -> str:
        """Why it does not stand (see rules.reason_against); empty where it does."""
        return rules.reason_against(ended_by=self.member.ended_by, agreed=self.agreed)


_all = (
    select(Member, Contact, Form, Site, consent.agrees(Member.contact_id, PURPOSE))
    .join(Contact, Contact.id == Member.contact_id)
    .join(Form, Form.id == Member.form_id)
    .join(Site, Site.id == Form.site_id)
)


def held(session: Session, public_id: str) -> Held:
    """The membership with that id, standing or not. Raises NotFound."""
    row = session.execute(_all.where(Member.public_id == public_id)).first()
    if row is None:
        raise NotFound(_("This link is not valid."))
    return Held(*row)


def by_address(session: Session, form_id: int, email_key: str) -> Held | None:
    """The membership of that address by that form, standing or not; None when there is none."""
    row = session.execute(_all.where(Member.form_id == form_id, Contact.email_key == email_key)).first()
    return Held(*row) if row else None


def page(
    session: Session, form_id: int, *, before: int | None = None, limit: int = 50
) -> tuple[Sequence[Held], int | None]:
    """The newest members of the form, and the number before which the next page begins; None on the last."""
    asked = _all.where(Member.form_id == form_id).order_by(Member.number.desc()).limit(limit + 1)
    rows = session.execute(asked.where(Member.number < before) if before else asked).all()
    found = [Held(*row) for row in rows]
    return found[:limit], found[limit - 1].member.number if len(found) > limit else None


def every(session: Session, form_id: int) -> Iterator[Held]:
    """Every member of the form, by number."""
    asked = _all.where(Member.form_id == form_id).order_by(Member.number).execution_options(yield_per=500)
    for row in session.execute(asked):
        yield Held(*row)


def count(session: Session, form_id: int) -> int:
    """How many have ever become members by the form."""
    return session.scalar(select(func.count()).where(Member.form_id == form_id)) or 0


def told_of(session: Session, contact_id: int) -> list[dict[str, Any]]:
    """The contact's memberships, oldest first, as they may read them."""
    rows = session.execute(
        select(Member, Form.title)
        .join(Form, Form.id == Member.form_id)
        .where(Member.contact_id == contact_id)
        .order_by(Member.id)
    )
    return [
        {
            "what": "membership",
            "form": title,
            "number": member.number,
            "since": member.since,
            "ended_at": member.ended_at,
            "ended_by": member.ended_by,
        }
        for member, title in rows
    ]
