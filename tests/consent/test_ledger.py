"""The ledger of consents is only ever added to, and what people withdraw is withdrawn at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import gevent
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from leadcapture import addresses, db
from leadcapture.consent import operations, queries
from leadcapture.contacts import operations as contacts
from leadcapture.contacts import queries as contact_queries
from leadcapture.contacts.models import Contact
from tests.conftest import add_people


def agree(session, now, site, *purposes: str) -> Contact:
    contact = contacts.upsert_confirmed(session, now, site_id=site.id, address=addresses.parse("alice@example.org"))
    for purpose in purposes:
        operations.record(
            session,
            now,
            contact=contact,
            action="grant",
            purpose=purpose,
            method="button",
            statement=f"I agree to {purpose}.",
            statement_version="1-abc",
        )
    return contact


def status(contact: Contact) -> str:
    with db.read() as session:
        return contact_queries.by_token_id(session, contact.public_id).status


def ledger(contact: Contact) -> list[tuple[str, str]]:
    with db.read() as session:
        return [(entry.action, entry.purpose) for entry in reversed(queries.history(session, contact.id))]


@pytest.mark.parametrize("statement", ["UPDATE ledger SET body = 'forged'", "DELETE FROM ledger"])
def test_the_database_itself_refuses_to_change_or_delete_an_event(either_database, now, statement):
    contact = db.write(agree, now, db.write(add_people, now).site, "newsletter")
    with pytest.raises(DBAPIError, match="append-only"):
        db.write(lambda session: session.execute(text(statement)))
    assert ledger(contact) == [("grant", "newsletter")]


def test_withdrawing_one_purpose_leaves_the_others(people, now):
    contact = db.write(agree, now, people.site, "newsletter", "reply")
    gone = db.write(operations.withdraw, now, contact=contact, method="preferences", purpose="newsletter")
    assert list(gone) == ["newsletter"]
    assert status(contact) == "confirmed"
    with db.read() as session:
        assert queries.granted_purposes(session, contact.id) == {"reply"}
    db.write(operations.withdraw, now, contact=contact, method="preferences", purpose="reply")
    assert status(contact) == "unsubscribed"


def test_a_withdrawal_names_the_words_that_were_withdrawn(people, now):
    contact = db.write(agree, now, people.site, "newsletter")
    db.write(operations.withdraw, now + timedelta(days=1), contact=contact, method="one_click")
    with db.read() as session:
        newest = queries.history(session, contact.id)[0]
    assert (newest.action, newest.statement, newest.statement_version, newest.method, newest.at) == (
        "withdraw",
        "I agree to newsletter.",
        "1-abc",
        "one_click",
        now + timedelta(days=1),
    )


def test_withdrawing_what_is_not_agreed_to_adds_nothing(people, now):
    contact = db.write(agree, now, people.site, "newsletter")
    assert list(db.write(operations.withdraw, now, contact=contact, method="preferences", purpose="webinar")) == []
    assert ledger(contact) == [("grant", "newsletter")]
    assert status(contact) == "confirmed"


def test_many_presses_at_once_leave_one_withdrawal(either_database, now):
    contact = db.write(agree, now, db.write(add_people, now).site, "newsletter")

    def press(_number: int) -> None:
        db.write(operations.withdraw, now, contact=contact, method="one_click")

    if either_database.sqlite:
        gevent.joinall([gevent.spawn(press, number) for number in range(20)], raise_error=True)
    else:
        with ThreadPoolExecutor(10) as pool:
            list(pool.map(press, range(20)))
    assert ledger(contact) == [("grant", "newsletter"), ("withdraw", "newsletter")]
    assert status(contact) == "unsubscribed"


def test_agreeing_again_counts_again(people, now):
    contact = db.write(agree, now, people.site, "newsletter")
    db.write(operations.withdraw, now, contact=contact, method="one_click")
    db.write(agree, now, people.site, "newsletter")
    with db.read() as session:
        assert queries.granted_purposes(session, contact.id) == {"newsletter"}
        assert len(queries.history(session, contact.id)) == 3
    assert status(contact) == "confirmed"
