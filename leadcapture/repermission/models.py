"""The tables of asking people again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from leadcapture.contacts.models import Contact
from leadcapture.db import Base
from leadcapture.sites.models import Site


class PermissionCampaign(Base):
    """One statement put to those whom a change of it, or the want of a proof, concerns."""

    __tablename__ = "permission_campaigns"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id, ondelete="CASCADE"), index=True)
    operator_id: Mapped[int | None]
    purpose: Mapped[str] = mapped_column(String(60))
    version: Mapped[str] = mapped_column(String(40))  # of the statement that is asked for
    # By language: {"en": {"version", "statement"}}; `version` above is that of the site's language.
    statement: Mapped[dict[str, dict[str, str]]] = mapped_column(JSON, default=dict)
    old_versions: Mapped[list[str]] = mapped_column(JSON, default=list)
    ground: Mapped[str] = mapped_column(Text, default="")  # what the owner attested, for people without proof
    import_id: Mapped[int | None] = mapped_column(index=True)
    state: Mapped[str] = mapped_column(String(12), index=True)  # one of rules.STATES
    per_hour: Mapped[int] = mapped_column(default=100)
    ends_after_days: Mapped[int | None]  # the old consent of who stays silent ends then; None: it goes on
    counts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class PermissionAsk(Base):
    """One person of a campaign: asked once, answered at most once."""

    __tablename__ = "permission_asks"
    __table_args__ = (UniqueConstraint("campaign_id", "contact_id"), UniqueConstraint("campaign_id", "quarantined_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey(PermissionCampaign.id, ondelete="CASCADE"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey(Contact.id, ondelete="CASCADE"), index=True)
    quarantined_id: Mapped[int | None] = mapped_column(index=True)
    email: Mapped[str] = mapped_column(String(320), default="")  # of who is no contact
    name: Mapped[str] = mapped_column(String(120), default="")
    language: Mapped[str] = mapped_column(String(8), default="en")
    email_public_id: Mapped[str | None] = mapped_column(String(40))
    asked_at: Mapped[datetime | None] = mapped_column(index=True)
    answered_at: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(String(8))  # yes, no, silent (the old consent ended)
