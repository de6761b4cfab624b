"""What the tests of the confirmation share."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from leadcapture import addresses, db
from leadcapture.mail.models import Email
from leadcapture.optin import operations, queries
from leadcapture.optin.models import Confirmation
from tests.conftest import add_people

ASK: dict[str, Any] = {
    "language": "en",
    "name": "Alice",
    "values": {"form_title": "Newsletter", "statements": ["Send me the newsletter."], "preferences_url": ""},
    "public_url": "https://chat.example.org",
    "days": 7,
}


@pytest.fixture
def everybody(either_database: db.Database, now: datetime) -> SimpleNamespace:
    """As `people`, once on SQLite and once on PostgreSQL."""
    return db.write(add_people, now)


Asked = Callable[..., Confirmation]


@pytest.fixture
def ask(request: pytest.FixtureRequest, now: datetime) -> Asked:
    """Alice asks for a confirmation."""
    wanted = "everybody" if "either_database" in request.fixturenames else "people"
    everyone = request.getfixturevalue(wanted)

    def request_one(address: str = "Alice@Example.org", **more: Any) -> Confirmation:
        given = {"site": everyone.site, "address": addresses.parse(address), **ASK, **more}
        return db.write(operations.request, now, **given)

    return request_one


def stored(public_id: str) -> Confirmation:
    with db.read() as session:
        return queries.by_public_id(session, public_id)


def mails(about: str) -> list[Email]:
    """The mails of a confirmation, oldest first."""
    with db.read() as session:
        return list(_mails(session, about))


def _mails(session: Session, about: str) -> Any:
    return session.scalars(select(Email).where(Email.about == about).order_by(Email.id)).all()


def code_in(email: Email) -> str:
    """The six digits that stand on a line of their own."""
    (code,) = re.findall(r"^(\d{6})$", email.text, re.MULTILINE)
    return code


def token_in(email: Email) -> str:
    (token,) = re.findall(r"^https://chat\.example\.org/confirm/(\S+)$", email.text, re.MULTILINE)
    return token


def hand_over(session: Session, now: datetime, about: str) -> None:
    """As if the mail server had taken what is due."""
    due = (Email.about == about, Email.status == "queued", Email.due_at <= now)
    session.execute(update(Email).where(*due).values(status="sent", sent_at=now))


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"
