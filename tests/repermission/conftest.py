"""People who agreed to older words, and a campaign that asks them again."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from leadcapture import addresses, db, signing
from leadcapture.consent import operations as consent
from leadcapture.consent import queries as agreed
from leadcapture.contacts import operations as contacts
from leadcapture.contacts.models import Contact
from leadcapture.mail.models import Email
from leadcapture.repermission import answering, operations, queries
from leadcapture.repermission.answering import Answered
from leadcapture.repermission.models import PermissionAsk, PermissionCampaign
from leadcapture.repermission.rules import Wording

URL = "http://127.0.0.1:8000"
PURPOSE = "newsletter"
OLD, NEW = "1-aaaaaaaaaa", "4-bbbbbbbbbb"
NEW_AR = "4-cccccccccc"
OLD_WORDS = "Yes, send me the newsletter of Demo shop."
NEW_WORDS = "Yes, send me the newsletter of Demo shop and its partners."
STATEMENTS = {"en": Wording(NEW, NEW_WORDS), "ar": Wording(NEW_AR, "نعم، أرسلوا لي النشرة.")}


def person(
    session: Session,
    now: datetime,
    site: Any,
    address: str,
    version: str = OLD,
    words: str = OLD_WORDS,
    language: str = "en",
    purpose: str = PURPOSE,
) -> Contact:
    """Somebody who confirmed the address and agreed to that version."""
    contact = contacts.upsert_confirmed(
        session, now, site_id=site.id, address=addresses.parse(address), language=language, name="Erin"
    )
    consent.record(
        session,
        now,
        contact=contact,
        action="grant",
        purpose=purpose,
        method="button",
        statement=words,
        statement_version=version,
    )
    return contact


def people_of(now: datetime, site: Any, addresses: Sequence[str], **more: str) -> list[Contact]:
    def add(session: Session) -> list[Contact]:
        return [person(session, now, site, address, **more) for address in addresses]

    return db.write(add)


@dataclass
class Asking:
    """A site whose words have changed."""

    site: Any
    now: datetime

    def person(self, address: str, version: str = OLD, words: str = OLD_WORDS, **more: str) -> Contact:
        return people_of(self.now, self.site, [address], version=version, words=words, **more)[0]

    def prepare(self, statements: Any = None, **more: Any) -> PermissionCampaign:
        wanted = {"old_versions": [OLD], "per_hour": 1000, "purpose": PURPOSE, "operator_id": None, **more}
        return db.write(operations.prepare, self.now, site=self.site, statements=statements or STATEMENTS, **wanted)

    def start(self, **more: Any) -> PermissionCampaign:
        made = self.prepare(**more)
        return db.write(operations.change_state, self.now, site=self.site, public_id=made.public_id, act="start")

    def ask(self, campaign: PermissionCampaign, now: datetime | None = None, most: int = 50) -> int:
        """As the job does, until nobody is left; how many were asked."""
        asked = 0
        while some := db.write(
            operations.ask_some, now or self.now, campaign_id=campaign.id, public_url=URL, most=most
        ):
            asked += some
        return asked

    def asks(self) -> dict[str, PermissionAsk]:
        """The questions that were asked, by the address."""
        with db.read() as session:
            rows = session.execute(
                select(Email.to_key, PermissionAsk).join(PermissionAsk, PermissionAsk.public_id == Email.about)
            ).all()
        return {row[0]: row[1] for row in rows}

    def mails(self) -> list[Email]:
        with db.read() as session:
            return list(session.scalars(select(Email).where(Email.name == "re_permission").order_by(Email.id)))

    def answer(self, address: str, yes: bool, now: datetime | None = None) -> Answered:
        return db.write(answering.answer, now or self.now, ask=self.asks()[address].public_id, yes=yes)

    def holds(self, contact: Contact) -> str | None:
        """The version of the purpose that the contact agrees to."""
        with db.read() as session:
            held = [one for one in agreed.granted(session, contact.id) if one.purpose == PURPOSE]
        return held[0].statement_version if held else None

    def campaign(self, campaign: PermissionCampaign) -> PermissionCampaign:
        with db.read() as session:
            return queries.by_public_id(session, self.site.id, campaign.public_id)

    def results(self, campaign: PermissionCampaign) -> queries.Results:
        with db.read() as session:
            return queries.results(session, campaign.id)


@pytest.fixture
def asking(people: SimpleNamespace, now: datetime) -> Asking:
    return Asking(people.site, now)


@pytest.fixture
def link(asking: Asking) -> Callable[[str], str]:
    """The path that the mail to that address leads to."""

    def path(address: str) -> str:
        mail = next(mail for mail in asking.mails() if mail.to_key == address)
        found = re.search(rf"^{URL}(/permission/\S+)$", mail.text, re.MULTILINE)
        assert found
        assert signing.verify("permission", found[1].rpartition("/")[2]) == mail.about
        return found[1]

    return path
