"""What a site's operators have taught, and what follows of it for a text."""

from __future__ import annotations

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from leadcapture.prepared import Prepared
from leadcapture.spam import rules, words
from leadcapture.spam.classifier import Counts
from leadcapture.spam.models import SpamCount, SpamWord
from leadcapture.spam.rules import Given, Verdict

_totals, _words = SpamCount.__table__, SpamWord.__table__
_TOTALS = Prepared(select(_totals.c.ham, _totals.c.spam).where(_totals.c.site_id == bindparam("site")))
_WORDS = select(_words.c.word, _words.c.ham, _words.c.spam).where(
    _words.c.site_id == bindparam("site"), _words.c.word.in_(bindparam("words", expanding=True))
)


def judge(session: Session, site_id: int, given: Given) -> Verdict:
    """How likely this is spam for that site, and why."""
    return rules.judge(given, taught(session, site_id, given.text))


def taught(session: Session, site_id: int, text: str) -> Counts:
    """The site's counts, and those of the words of this text; empty for a site that was taught nothing."""
    totals = _TOTALS.row(session, {"site": site_id})
    if totals is None:
        return Counts()
    rows = session.connection().execute(_WORDS, {"site": site_id, "words": words.words(text)})
    ham, spam = totals
    return Counts(ham, spam, {word: (good, bad) for word, good, bad in rows if good or bad})
