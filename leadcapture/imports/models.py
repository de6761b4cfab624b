"""The tables of imports and of the quarantine."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from leadcapture.db import Base
from leadcapture.operators.models import Operator
from leadcapture.sites.models import Site


class Import(Base):
    """One file of people, from its upload to its report; `offset` and `row_no` say how far it was committed."""

    __tablename__ = "imports"
    __table_args__ = (Index("ix_imports_site_recent", "site_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id, ondelete="CASCADE"))
    operator_id: Mapped[int | None] = mapped_column(ForeignKey(Operator.id, ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(String(200))  # of the file, as it was called
    stored: Mapped[str | None] = mapped_column(String(80))  # its name among the uploads
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    encoding: Mapped[str] = mapped_column(String(20), default="")
    dialect: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    header: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # column number to field
    # Where from, when, which statement was agreed to, by whom said so: the shape is imports/rules.py's.
    provenance: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    evidence: Mapped[str | None] = mapped_column(String(80))  # its name among the uploads
    mode: Mapped[str] = mapped_column(String(12), default="quarantine")  # proof, quarantine
    state: Mapped[str] = mapped_column(String(12), index=True)
    dry_run: Mapped[dict[str, int] | None] = mapped_column(JSON(none_as_null=True))
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    rows_total: Mapped[int | None]
    offset: Mapped[int] = mapped_column(BigInteger, default=0)  # bytes of the file that are done
    row_no: Mapped[int] = mapped_column(default=0)
    report: Mapped[str | None] = mapped_column(String(80))  # its name among the uploads
    report_bytes: Mapped[int] = mapped_column(BigInteger, default=0)  # of the report that are committed
    error: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    claimed_by: Mapped[str | None] = mapped_column(String(60))
    heard_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class Quarantined(Base):
    """Somebody whose consent cannot be proven: kept apart, no contact, and asked at most once."""

    __tablename__ = "quarantined"
    __table_args__ = (UniqueConstraint("site_id", "email_key"), Index("ix_quarantined_import", "import_id", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id, ondelete="CASCADE"))
    import_id: Mapped[int] = mapped_column(ForeignKey(Import.id, ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(320))
    email_key: Mapped[str] = mapped_column(String(320))
    name: Mapped[str] = mapped_column(String(120), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    language: Mapped[str] = mapped_column(String(8), default="en")
    attributes: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    row_no: Mapped[int]
    asked_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(String(8))  # yes, no
