"""Teaching: a click says of a text that it is spam or that it is not, and a later one may take that back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from leadcapture.spam import words
from leadcapture.spam.models import SpamCount, SpamWord


def teach(session: Session, now: datetime, *, site_id: int, text: str, spam: bool) -> None:
    """Count the words of a text that somebody decided about."""
    kind = "spam" if spam else "ham"
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    # The site's one row first: who teaches the same site at the same time waits here, and nobody waits crosswise.
    total = dialect.insert(SpamCount).values(site_id=site_id, **{"ham": 0, "spam": 0, kind: 1})
    session.execute(total.on_conflict_do_update(index_elements=["site_id"], set_={kind: getattr(SpamCount, kind) + 1}))
    found = words.words(text)
    if found:
        rows = [{"site_id": site_id, "word": word, "ham": 0, "spam": 0, kind: 1} for word in found]
        counted = dialect.insert(SpamWord).values(rows)
        session.execute(
            counted.on_conflict_do_update(index_elements=["site_id", "word"], set_={kind: getattr(SpamWord, kind) + 1})
        )


def unteach(session: Session, now: datetime, *, site_id: int, text: str, spam: bool) -> None:
    """Take back what `teach` counted of that text."""
    total, column = (SpamCount.spam, SpamWord.spam) if spam else (SpamCount.ham, SpamWord.ham)
    session.execute(
        update(SpamCount)
        .where(SpamCount.site_id == site_id, total > 0)
        .values({total: total - 1})
        .execution_options(synchronize_session=False)
    )
    found = words.words(text)
    session.execute(
        update(SpamWord)
        .where(SpamWord.site_id == site_id, SpamWord.word.in_(found), column > 0)
        .values({column: column - 1})
        .execution_options(synchronize_session=False)
    )
    # Words that nobody speaks for any more are no use, and may be somebody's.
    session.execute(
        delete(SpamWord)
        .where(SpamWord.site_id == site_id, SpamWord.word.in_(found), SpamWord.ham == 0, SpamWord.spam == 0)
        .execution_options(synchronize_session=False)
    )
