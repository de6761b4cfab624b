"""What the tests of mail share: people, a post office, and putting a mail into the outbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from types import SimpleNamespace

import pytest

from leadcapture import addresses, db
from leadcapture.mail import operations, queries, transports
from leadcapture.mail.models import Email
from tests.conftest import add_people
from tests.mail.post_office import PostOffice


@pytest.fixture
def office() -> Iterator[PostOffice]:
    """A running post office that our process delivers to."""
    with PostOffice() as office:
        transports.configure(smtp_url=office.url, public_url="https://chat.example.org")
        yield office
    transports.configure(smtp_url=None, public_url="http://127.0.0.1:8000")


@pytest.fixture
def everybody(either_database: db.Database, now: datetime) -> SimpleNamespace:
    """As `people`, once on SQLite and once on PostgreSQL."""
    return db.write(add_people, now)


Queue = Callable[..., Email]


@pytest.fixture
def queue(request: pytest.FixtureRequest, now: datetime) -> Queue:
    """Puts a mail to an address into the outbox of the site; asks for `everybody` or `people` by itself."""
    wanted = "everybody" if "either_database" in request.fixturenames else "people"
    everyone = request.getfixturevalue(wanted)

    def put(address: str = "bob@example.org", **more: object) -> Email:
        given = {
            "site": everyone.site,
            "name": "verify_recipient",
            "language": "en",
            "values": {"link": "https://chat.example.org/x"},
            **more,
        }
        return db.write(operations.enqueue, now, to=addresses.parse(address), **given)

    return put


def stored(email: Email) -> Email:
    """The mail's row as it is now."""
    with db.read() as session:
        return queries.by_public_id(session, email.site_id, email.public_id)
