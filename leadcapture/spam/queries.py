"""What a site's operators have taught, and what follows of it for a text."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from leadcapture.spam import rules, words
from leadcapture.spam.classifier import Counts
from leadcapture.spam.models import SpamCount, SpamWord
from leadcapture.spam.rules import Given, Verdict


def judge(session: Session, site_id: int, given: Given) -> Verdict:
    """How likely this is spam for that site, and why."""
    return rules.judge(given, taught(session, site_id, words.words(given.text)))


def taught(session: Session, site_id: int, of: Sequence[str]) -> Counts:
    """The site's counts, and those of these words; empty for a site that was taught nothing."""
    totals = session.execute(select(SpamCount.ham, SpamCount.spam).where(SpamCount.site_id == site_id)).first()
    if totals is None:
        return Counts()
    rows = session.execute(
        select(SpamWord.word, SpamWord.ham, SpamWord.spam).where(SpamWord.site_id == site_id, SpamWord.word.in_(of))
    )
    return Counts(totals.ham, totals.spam, {row.word: (row.ham, row.spam) for row in rows if row.ham or row.spam})
