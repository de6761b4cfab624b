"""Reading files, who may download them, and who did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from leadcapture.contacts.models import Contact
from leadcapture.forms.kinds.download.models import DownloadFile, DownloadGrant, DownloadTake

PAGE = 50


@dataclass(frozen=True)
class Taker:
    """Somebody who may download: whose address, since when until when, how often they did and when last."""

    grant_id: int
    contact: str  # public id
    email: str
    since: datetime
    until: datetime
    count: int
    last_at: datetime | None


def files(session: Session, form_id: int) -> Sequence[DownloadFile]:
    """The form's files, oldest first."""
    return session.scalars(select(DownloadFile).where(DownloadFile.form_id == form_id).order_by(DownloadFile.id)).all()


def file(session: Session, form_id: int, public_id: str) -> DownloadFile | None:
    """The form's file with that id; None when it has none."""
    return session.scalar(
        select(DownloadFile).where(DownloadFile.form_id == form_id, DownloadFile.public_id == public_id)
    )


def grant(session: Session, form_id: int, submission: str) -> DownloadGrant | None:
    """What the confirmed submission gave a right to; None where the person was erased."""
    return session.scalar(
        select(DownloadGrant).where(DownloadGrant.form_id == form_id, DownloadGrant.submission == submission)
    )


def takers(
    session: Session, form_id: int, *, before_id: int | None = None, limit: int = PAGE
) -> tuple[list[Taker], int | None]:
    """Who got links last, before that internal id, and the `before_id` of the next page (None: that was all)."""
    query = (
        select(
            DownloadGrant.id,
            Contact.public_id,
            Contact.email,
            DownloadGrant.created_at,
            DownloadGrant.expires_at,
            func.coalesce(func.sum(DownloadTake.count), 0),
            func.max(DownloadTake.last_at),
        )
        .join(Contact, Contact.id == DownloadGrant.contact_id)
        .outerjoin(DownloadTake, DownloadTake.grant_id == DownloadGrant.id)
        .where(DownloadGrant.form_id == form_id)
        .group_by(DownloadGrant.id, Contact.public_id, Contact.email)
        .order_by(DownloadGrant.id.desc())
        .limit(limit + 1)
    )
    if before_id is not None:
        query = query.where(DownloadGrant.id < before_id)
    found = [Taker(*row) for row in session.execute(query)]
    return found[:limit], found[limit - 1].grant_id if len(found) > limit else None


def told_of(session: Session, contact_id: int) -> list[dict[str, Any]]:
    """What the contact may download and has downloaded, oldest first, as they may read it."""
    grants = session.scalars(
        select(DownloadGrant).where(DownloadGrant.contact_id == contact_id).order_by(DownloadGrant.id)
    ).all()
    return [
        {
            "what": "download",
            "granted_at": grant.created_at,
            "expires_at": grant.expires_at,
            "taken": [
                {"file": name, "times": times, "last_at": last_at}
                for name, times, last_at in session.execute(
                    select(DownloadFile.name, DownloadTake.count, DownloadTake.last_at)
                    .join(DownloadFile, DownloadFile.id == DownloadTake.file_id)
                    .where(DownloadTake.grant_id == grant.id)
                    .order_by(DownloadTake.id)
                )
            ],
        }
        for grant in grants
    ]
