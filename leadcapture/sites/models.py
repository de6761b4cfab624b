"""The table of sites."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from leadcapture.db import Base


class Site(Base):
    """A website that embeds us."""

    __tablename__ = "sites"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    # Origins whose pages may talk to us: "https://shop.example.org", "https://*.example.org", "http://127.0.0.1:*".
    allowed_origins: Mapped[list[str]] = mapped_column(JSON, default=list)
    timezone: Mapped[str] = mapped_column(String(64), default="UTC")
    # None: always open. Else {"mon": [["09:00", "12:00"], ["13:00", "17:00"]], …}; a missing day is closed.
    hours: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    language: Mapped[str] = mapped_column(String(8), default="en")
    accent: Mapped[str] = mapped_column(String(7), default="#0b6b5d")
    position: Mapped[str] = mapped_column(String(5), default="end")  # where the launcher sits: "start" or "end"
    reply_time: Mapped[str] = mapped_column(String(20), default="minutes")  # minutes, hours or day: what is promised
    privacy_url: Mapped[str | None] = mapped_column(String(500))
    sender_name: Mapped[str] = mapped_column(String(120), default="")
    sender_email: Mapped[str | None] = mapped_column(String(320))
    # How its chat works; the shape is sites/chat_settings.py's. None: all as it is by default.
    chat: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    # How it protects itself from abuse, and how long it keeps what: sites/protection.py, sites/retention_settings.py.
    protection: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    retention: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    # What the host site signs its users' ids with, the newest first ("new,old"); None until it asks for one.
    identity_secret: Mapped[str | None] = mapped_column(String(140))
    # Who gets offline questions by e-mail; counts only once its owner has confirmed it.
    recipient_email: Mapped[str | None] = mapped_column(String(320))
    recipient_verified_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ApiToken(Base):
    """What a program of the site's owner proves itself by. Only its digest is kept: the token itself is shown once."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id, ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
