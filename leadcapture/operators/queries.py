"""Reading operators and their memberships."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from leadcapture.errors import NotFound
from leadcapture.operators.models import Membership, Operator


def by_public_id(session: Session, public_id: str) -> Operator | None:
    """The operator with that public id, with the memberships and their sites; None when there is none."""
    return session.scalar(select(Operator).where(Operator.public_id == public_id))


def by_email(session: Session, key: str) -> Operator | None:
    """The operator whose address has that key (see addresses.parse); None when there is none."""
    return session.scalar(select(Operator).where(Operator.email_key == key))


def sites_of(session: Session, operator_id: int) -> list[Membership]:
    """What the operator is and where, oldest first; each membership brings its site."""
    found = session.scalars(select(Membership).where(Membership.operator_id == operator_id).order_by(Membership.id))
    return list(found)


def colleagues(session: Session, site_id: int) -> Sequence[Operator]:
    """All operators of a site by name, each with the memberships."""
    belongs = select(Membership.operator_id).where(Membership.site_id == site_id)
    return session.scalars(select(Operator).where(Operator.id.in_(belongs)).order_by(Operator.name, Operator.id)).all()


def membership(session: Session, site_id: int, public_id: str) -> Membership:
    """What the operator with that public id is on this site. Raises NotFound for people of other sites."""
    found = session.scalar(
        select(Membership)
        .join(Membership.operator)
        .where(Membership.site_id == site_id, Operator.public_id == public_id)
    )
    if found is None:
        raise NotFound("No such operator.")
    return found


def owners(session: Session, site_id: int) -> int:
    """How many owners the site has."""
    return session.scalar(select(func.count()).where(Membership.site_id == site_id, Membership.role == "owner")) or 0


def owners_of(session: Session, site_id: int) -> Sequence[Operator]:
    """The site's owners who have an account, oldest first."""
    return session.scalars(
        select(Operator)
        .join(Membership, Membership.operator_id == Operator.id)
        .where(Membership.site_id == site_id, Membership.role == "owner")
        .order_by(Operator.id)
    ).all()


def anybody(session: Session) -> bool:
    """Whether there is any operator at all."""
    return session.scalar(select(Operator.id).limit(1)) is not None
