"""What operators have taught: in how much spam, and in how much else, each word stood."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from leadcapture.db import Base
from leadcapture.sites.models import Site


class SpamWord(Base):
    """In how many taught texts of a site a word stood."""

    __tablename__ = "spam_words"

    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id, ondelete="CASCADE"), primary_key=True)
    word: Mapped[str] = mapped_column(String(40), primary_key=True)
    ham: Mapped[int] = mapped_column(default=0)
    spam: Mapped[int] = mapped_column(default=0)


class SpamCount(Base):
    """How many texts a site was taught."""

    __tablename__ = "spam_counts"

    site_id: Mapped[int] = mapped_column(ForeignKey(Site.id, ondelete="CASCADE"), primary_key=True)
    ham: Mapped[int] = mapped_column(default=0)
    spam: Mapped[int] = mapped_column(default=0)
