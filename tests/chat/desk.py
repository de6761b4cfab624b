"""An inbox to fill and to look into, without a service around it."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import update

from leadcapture import db, ids
from leadcapture.chat import operations, views
from leadcapture.chat.filters import BUILT_IN, Filter
from leadcapture.chat.models import Conversation
from leadcapture.chat.protocol import Incoming

numbers = itertools.count(1)


class Desk:
    """Short words for filling an inbox and looking into it."""

    def __init__(self, people: SimpleNamespace, now: datetime) -> None:
        self.people, self.now = people, now

    def ask(self, *, site: Any = None, language: str = "en", minutes: int = 0, **row: Any) -> str:
        """A conversation somebody has begun, with these values in its row: its public id."""
        now = self.now + timedelta(minutes=minutes)
        posted = db.write(
            operations.post_by_visitor, now, site_id=(site or self.people.site).id, visitor=ids.new("visitor"),
            incoming=Incoming(f"d{next(numbers)}", "Hello?"), available=True, language=language,
        )  # fmt: skip
        public_id = str(posted.message.conversation)
        if row:
            db.write(
                lambda session: session.execute(
                    update(Conversation).where(Conversation.public_id == public_id).values(**row)
                )
            )
        return public_id

    def who(self, operator: Any) -> dict[str, int]:
        return {"operator_id": operator.id, "epoch": operator.session_epoch}

    def page(self, which: Filter, operator: Any = None, before: str | None = None) -> tuple[list[str], str | None]:
        operator = operator or self.people.alice
        with db.read() as session:
            found, cursor = views.page(session, [self.people.site.id], operator.id, which, before=before)
        return [summary["id"] for summary in found], cursor

    def under(self, which: Filter, operator: Any = None) -> set[str]:
        return set(self.page(which, operator)[0])

    def counts(self, wanted: dict[str, Filter] | None = None, operator: Any = None) -> dict[str, int]:
        with db.read() as session:
            return views.counts(
                session, [self.people.site.id], (operator or self.people.alice).id, wanted or dict(BUILT_IN)
            )

    def saved(self, operator: Any, site: Any = None) -> list[str]:
        with db.read() as session:
            return [view.name for view in views.saved(session, [(site or self.people.site).id], operator.id)]
