"""What a mail to somebody else says of a person is found when the person is erased, and nothing else is."""

from __future__ import annotations

import re
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from leadcapture import addresses, db
from leadcapture.addresses import Address
from leadcapture.mail import forgetting, naming, operations
from leadcapture.mail.models import Email, NamedAddress
from tests.conftest import add_people

ERIN = Address("Erin@example.net", "erin@example.net")


@pytest.fixture
def shop(either_database: db.Database, now: datetime) -> SimpleNamespace:
    return db.write(add_people, now)


def notice(shop: SimpleNamespace, now: datetime, question: str, **more: Any) -> int:
    """A mail to the shop that quotes a visitor; its id."""
    given = {
        "site": shop.site,
        "name": "verify_recipient",
        "to": addresses.parse("alice@example.org"),
        "language": "en",
        "values": {"link": question},
        **more,
    }
    return db.write(operations.enqueue, now, **given).id


def forget(shop: SimpleNamespace, now: datetime, address: Address, contact: str = "con_erin") -> set[int]:
    """Erase that person's mails; the ids of those that are left."""
    whose = {"site_id": shop.site.id, "contact": contact, "address": address, "about": []}
    db.write(forgetting.forget_person, now, **whose)
    with db.read() as session:
        return set(session.scalars(select(Email.id)))


def kept(session: Any) -> list[str]:
    return sorted(session.scalars(select(NamedAddress.address)))


def test_a_notice_that_names_the_person_goes_with_them_and_others_stay(shop: SimpleNamespace, now: datetime) -> None:
    for names in ("From ERIN@example.net.", "Ask <erin@example.net>, please", "a!erin@example.net"):
        notice(shop, now, names)
    notice(shop, now, "Is it blue?", reply_to="erin@example.net")
    others = {
        notice(shop, now, other)
        for other in ("joerin@example.net", "erin@example.net.example.org", "erin@example.network", "Is it blue?")
    }
    elsewhere = notice(shop, now, "erin@example.net", site=shop.other_site)
    assert forget(shop, now, ERIN) == {*others, elsewhere}
    with db.read() as session:
        of_who_is_left = {"joerin@example.net", "erin@example.net.example.org", "erin@example.network", ERIN.key}
        assert set(kept(session)) == of_who_is_left


def test_a_mail_to_the_person_alone_needs_no_note(shop: SimpleNamespace, now: datetime) -> None:
    notice(shop, now, "You typed erin@example.net here", to=ERIN)
    with db.read() as session:
        assert kept(session) == []


def test_a_mail_that_was_given_another_receiver_still_names_the_first(shop: SimpleNamespace, now: datetime) -> None:
    notice(shop, now, "You typed erin@example.net here", to=ERIN, contact="con_erin")
    for new in ("new@example.net", "newer@example.net"):
        db.write(operations.readdress, now, contact="con_erin", to=addresses.parse(new))
    assert forget(shop, now, ERIN, contact="con_somebody_else") == set()


def test_what_a_mail_named_is_not_kept_longer_than_its_text(shop: SimpleNamespace, now: datetime) -> None:
    mail = notice(shop, now, "Ask bob@example.org", reply_to="erin@example.net")

    def no_longer_kept(session: Any) -> None:
        naming.texts_gone(session, [mail])
        session.execute(update(Email).values(text="", html="", subject=""))

    db.write(no_longer_kept)
    with db.read() as session:
        assert kept(session) == ["erin@example.net"]
    assert forget(shop, now, ERIN) == set()


LOCALS = st.text("aéZ.+%-_!#'/=", min_size=1, max_size=6)
DOMAINS = st.sampled_from(["example.org", "Shop.example.net", "bücher.example", "a-b.example.org"])


@given(local=LOCALS, domain=DOMAINS, before=st.text(" a<!.-\n\"'(", max_size=3), after=st.text(" a>.-\n,)", max_size=3))
@example("erin", "example.org", "", ".")
@example("'!", "example.org", "x", "")
@settings(max_examples=60, deadline=None)
def test_whatever_stands_in_a_text_by_itself_is_looked_up(local: str, domain: str, before: str, after: str) -> None:
    address = Address(f"{local}@{domain}", f"{local}@{domain}".casefold())
    text = f"A style sheet's\n@media, joann@example.com: {before}{address.typed}{after}"
    alone = rf"(?<![\w.+%-]){re.escape(address.typed.lower())}(?![\w-]|\.\w)"
    if re.search(alone, text.lower()):
        assert naming.marks_of(address) & set(naming.marks(text))
