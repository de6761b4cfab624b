"""The tables of operators, their memberships and their live connections."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from leadcapture.db import Base
from leadcapture.sites.models import Site


class Operator(Base):
    """A person who answers."""

    __tablename__ = "operators"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    email: Mapped[str] = mapped_column(String(320))
    email_key: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    # What the operator chose; whether anybody can answer also asks for a live connection and the site's hours.
    available: Mapped[bool] = mapped_column(default=True)
    # Part of every session cookie: raising it signs out all devices.
    session_epoch: Mapped[int] = mapped_column(default=0)
    signed_in_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    memberships: Mapped[list[Membership]] = relationship(back_populates="operator", lazy="selectin")


class Membership(Base):
    """What an operator is on one site: owner, admin or operator."""

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("operator_id", "site_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    operator_id: Mapped[int] = mapped_column(ForeignKey(Operator.id, ondelete="CASCADE"))
    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id, ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(10))

    operator: Mapped[Operator] = relationship(back_populates="memberships")
    site: Mapped[Site] = relationship(lazy="joined")


class Presence(Base):
    """One live connection of an operator. One that says nothing any more counts while `heard_at` is fresh."""

    __tablename__ = "presences"

    socket_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    operator_id: Mapped[int] = mapped_column(ForeignKey(Operator.id, ondelete="CASCADE"), index=True)
    device: Mapped[str] = mapped_column(String(40))  # names the sign-in that the connection came with
    heard_at: Mapped[datetime] = mapped_column(index=True)  # the last sign of life of the device itself
    # Set when the connection broke: the operator counts as there until the grace is over.
    gone_at: Mapped[datetime | None]
    # Since when nobody has touched that device; None while somebody does.
    idle_at: Mapped[datetime | None]
