"""The tables of files to download, who may, and who did."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from leadcapture.contacts.models import Contact
from leadcapture.db import Base
from leadcapture.forms.models import Form


class DownloadFile(Base):
    """A file that a form gives to those who confirm their address."""

    __tablename__ = "download_files"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    form_id: Mapped[int] = mapped_column(ForeignKey(Form.id, ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(120))  # as people see it and save it
    content_type: Mapped[str] = mapped_column(String(120))  # ours, by what is in it: never the browser's
    size: Mapped[int] = mapped_column(BigInteger)  # bytes
    stored: Mapped[str] = mapped_column(String(40))  # what `uploads` finds it by
    downloads: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]


class DownloadGrant(Base):
    """The right of a contact to a form's files for some days, by one confirmed submission. Erased with the person."""

    __tablename__ = "download_grants"

    id: Mapped[int] = mapped_column(primary_key=True)
    form_id: Mapped[int] = mapped_column(ForeignKey(Form.id, ondelete="CASCADE"), index=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey(Contact.id, ondelete="CASCADE"), index=True)
    submission: Mapped[str] = mapped_column(String(40), unique=True)  # public id
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]


class DownloadTake(Base):
    """How often somebody downloaded one file, and when last."""

    __tablename__ = "download_takes"
    __table_args__ = (UniqueConstraint("grant_id", "file_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    grant_id: Mapped[int] = mapped_column(ForeignKey(DownloadGrant.id, ondelete="CASCADE"))
    file_id: Mapped[int] = mapped_column(ForeignKey(DownloadFile.id, ondelete="CASCADE"), index=True)
    count: Mapped[int]
    last_at: Mapped[datetime]
