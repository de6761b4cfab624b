"""Whom a campaign asks: exactly those whom a change concerns, and each once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from leadcapture import addresses, db
from leadcapture.consent import operations as consent
from leadcapture.consent.models import LedgerEvent
from leadcapture.contacts import operations as contacts
from leadcapture.contacts.models import Contact
from leadcapture.errors import Conflict, Invalid
from leadcapture.mail import operations as mail
from leadcapture.mail.models import Email, Suppression
from leadcapture.repermission import operations, queries
from leadcapture.repermission.answering import Answered
from leadcapture.repermission.models import PermissionAsk, PermissionCampaign
from leadcapture.repermission.rules import Wording
from leadcapture.sites.models import Site
from tests.conftest import add_people
from tests.repermission.conftest import NEW, NEW_AR, NEW_WORDS, OLD, OLD_WORDS, PURPOSE, Asking, people_of


def change(contact: Contact, **values: object) -> None:
    db.write(lambda session: session.execute(update(Contact).where(Contact.id == contact.id).values(**values)))


def withdraw(contact: Contact, now: datetime) -> None:
    db.write(consent.withdraw, now, contact=contact, method="preferences", purpose=PURPOSE)


def test_whoever_holds_an_older_version_is_asked_once_by_a_mail_that_shows_both(asking: Asking) -> None:
    contact = asking.person("erin@example.org")
    campaign = asking.start()
    assert asking.ask(campaign) == 1
    assert asking.ask(campaign) == 0
    (sent,) = asking.mails()
    assert sent.to_email == "erin@example.org"
    assert f"> {OLD_WORDS}" in sent.text
    assert f"> {NEW_WORDS}" in sent.text
    assert "New: “shop and its partners.”" in sent.text
    assert sent.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (sent.contact, sent.purpose) == (contact.public_id, PURPOSE)
    with db.read() as session:
        (event,) = session.scalars(select(LedgerEvent).where(LedgerEvent.event == "re-permission")).all()
    assert (event.subject, event.purpose, event.version) == (contact.public_id, PURPOSE, NEW)
    assert asking.campaign(campaign).state == "done"
    assert asking.holds(contact) == OLD, "who is asked has not answered yet"


def test_nobody_is_asked_before_the_start_or_while_it_is_paused_or_cancelled(asking: Asking) -> None:
    asking.person("erin@example.org")
    campaign = asking.prepare()
    assert asking.ask(campaign) == 0

    def act(wanted: str) -> None:
        db.write(operations.change_state, asking.now, site=asking.site, public_id=campaign.public_id, act=wanted)

    act("start")
    act("pause")
    assert asking.ask(campaign) == 0
    act("resume")
    act("cancel")
    assert asking.ask(campaign) == 0
    with pytest.raises(Conflict):
        act("resume")
    assert not asking.mails()


def test_a_cancelled_campaign_takes_back_the_mails_that_wait(asking: Asking) -> None:
    asking.person("erin@example.org")
    campaign = asking.start(per_hour=1)
    asking.person("frank@example.org")
    asking.ask(campaign)
    db.write(operations.change_state, asking.now, site=asking.site, public_id=campaign.public_id, act="cancel")
    assert [mail.status for mail in asking.mails()] == ["suppressed"]
    assert asking.results(campaign).stopped == 1


def test_who_withdrew_left_paused_or_must_not_be_mailed_is_not_asked(asking: Asking, people: SimpleNamespace) -> None:
    now = asking.now
    withdraw(asking.person("withdrew@example.org"), now)
    change(asking.person("paused@example.org"), paused_until=now + timedelta(days=30))
    change(asking.person("phone@example.org"), channel="phone")
    change(asking.person("left@example.org"), status="unsubscribed")
    asking.person("bounced@example.org")
    db.write(mail.suppress, now, site_id=asking.site.id, email_key="bounced@example.org", reason="bounce")
    asking.person("new@example.org", NEW, NEW_WORDS)
    people_of(now, people.other_site, ["other@example.org"])
    asking.person("erin@example.org")
    change(asking.person("was.paused@example.org"), paused_until=now)
    campaign = asking.start()
    with db.read() as session:
        reach = queries.reach(session, now, asking.campaign(campaign), asking.site)
    assert reach == queries.Reach(concerned=2, asked_before=0, paused=1, not_by_mail=1, suppressed=1, unsubscribed=1)
    assert asking.ask(campaign) == 2
    assert set(asking.asks()) == {"erin@example.org", "was.paused@example.org"}


def test_another_setting_of_the_form_names_the_same_words_anew_and_concerns_nobody(asking: Asking) -> None:
    asking.person("erin@example.org", "2-bbbbbbbbbb", NEW_WORDS)
    with pytest.raises(Invalid):
        asking.prepare(old_versions=["2-bbbbbbbbbb"])
    asking.person("frank@example.org")
    campaign = asking.start(old_versions=["2-bbbbbbbbbb", OLD])
    asking.ask(campaign)
    assert set(asking.asks()) == {"frank@example.org"}


def test_each_is_asked_in_their_own_language_else_in_that_of_the_site(asking: Asking) -> None:
    asking.person("erin@example.org", language="ar")
    asking.person("frank@example.org", language="hu")
    asking.ask(asking.start())
    assert {address: ask.language for address, ask in asking.asks().items()} == {
        "erin@example.org": "ar",
        "frank@example.org": "en",
    }


def test_nobody_is_asked_twice_by_the_same_words_even_by_another_campaign(asking: Asking) -> None:
    asking.person("erin@example.org")
    asking.person("amal@example.org", language="ar")
    asking.ask(asking.start())
    # The English words stay, under the name that another setting gave them; the Arabic ones are others.
    later = {"en": Wording("5-bbbbbbbbbb", NEW_WORDS), "ar": Wording("5-dddddddddd", "نعم، مع الشركاء.")}
    second = asking.start(statements=later)
    with db.read() as session:
        assert queries.reach(session, asking.now, second, asking.site).asked_before == 1
    assert asking.ask(second) == 1
    assert sorted(mail.to_key for mail in asking.mails()) == ["amal@example.org"] * 2 + ["erin@example.org"]


def test_one_campaign_at_a_time_asks_for_a_purpose(asking: Asking) -> None:
    asking.person("erin@example.org")
    first = asking.start()
    with pytest.raises(Conflict):
        asking.start()
    asking.ask(first)
    asking.start()


def test_an_hour_sees_no_more_questions_than_the_campaign_allows(asking: Asking) -> None:
    people_of(asking.now, asking.site, [f"p{number}@example.org" for number in range(5)])
    campaign = asking.start(per_hour=2)
    assert asking.ask(campaign) == 2
    assert asking.ask(campaign, asking.now + timedelta(minutes=59)) == 0
    assert asking.ask(campaign, asking.now + timedelta(hours=1)) == 2
    assert asking.campaign(campaign).state == "running"
    assert asking.ask(campaign, asking.now + timedelta(hours=2)) == 1
    assert asking.campaign(campaign).state == "done"


def test_a_suppression_after_the_question_was_written_stops_its_mail(asking: Asking) -> None:
    asking.person("erin@example.org")
    campaign = asking.start()
    asking.ask(campaign)
    db.write(mail.suppress, asking.now, site_id=asking.site.id, email_key="erin@example.org", reason="complaint")
    assert [mail.status for mail in asking.mails()] == ["suppressed"]
    assert asking.results(campaign).stopped == 1


def test_a_number_that_does_not_fit_is_told_at_its_field(asking: Asking) -> None:
    with pytest.raises(Invalid) as caught:
        asking.prepare(per_hour=0, ends_after_days=2)
    assert set(caught.value.fields) == {"per_hour", "ends_after_days"}


# ---- any crowd -------------------------------------------------------------------------------------------------------

SOMEBODY = st.fixed_dictionaries(
    {
        "version": st.sampled_from([OLD, "2-eeeeeeeeee", "3-bbbbbbbbbb", NEW, NEW_AR]),
        "language": st.sampled_from(["en", "ar", "hu"]),
        "fate": st.sampled_from(["", "", "", "withdrew", "paused", "left", "bounced", "erased", "no mail"]),
    }
)


@given(crowd=st.lists(SOMEBODY, max_size=9), batch=st.integers(1, 4))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_of_any_crowd_exactly_those_it_concerns_are_asked_and_nobody_twice(
    asking: Asking, crowd: list[dict[str, str]], batch: int
) -> None:
    now = asking.now
    db.write(_forget_everybody)
    for number, each in enumerate(crowd):
        _add(asking, f"p{number}@example.org", each["version"], each["language"], each["fate"])
    campaign = asking.start(old_versions=[OLD, "2-eeeeeeeeee", "3-bbbbbbbbbb"])
    asking.ask(campaign, most=batch)
    asking.ask(campaign, now + timedelta(days=1), most=batch)
    concerned = [
        f"p{number}@example.org"
        for number, each in enumerate(crowd)
        if each["fate"] == "" and each["version"] in (OLD, "2-eeeeeeeeee")
    ]
    assert sorted(mail.to_key for mail in asking.mails()) == sorted(concerned)
    with db.read() as session:
        assert session.scalars(select(PermissionAsk.contact_id)).all() == list(
            dict.fromkeys(session.scalars(select(PermissionAsk.contact_id)))
        )


def _add(asking: Asking, address: str, version: str, language: str, fate: str) -> None:
    now, contact = asking.now, asking.person(address, version, f"Words of {version}.", language=language)
    if fate == "withdrew":
        withdraw(contact, now)
    elif fate == "paused":
        change(contact, paused_until=now + timedelta(days=90))
    elif fate == "left":
        change(contact, status="unsubscribed")
    elif fate == "no mail":
        change(contact, channel="none")
    elif fate == "bounced":
        db.write(mail.suppress, now, site_id=asking.site.id, email_key=address, reason="bounce")
    elif fate == "erased":
        db.write(lambda session: session.execute(delete(Contact).where(Contact.id == contact.id)))


def _forget_everybody(session: Session) -> None:
    for table in (PermissionAsk, PermissionCampaign, Email, Suppression, Contact):
        session.execute(delete(table))


def test_two_workers_at_once_ask_each_person_once(postgresql: db.Database, now: datetime) -> None:
    site: Site = db.write(add_people, now).site
    asking = Asking(site, now)
    people_of(now, site, [f"p{number}@example.org" for number in range(12)])
    campaign = asking.start()
    with ThreadPoolExecutor(2) as pool:
        asked = list(pool.map(lambda _worker: asking.ask(campaign, most=2), range(2)))
    while more := asking.ask(campaign):
        asked.append(more)
    assert sum(asked) == 12
    assert len({mail.to_key for mail in asking.mails()}) == len(asking.mails()) == 12
    assert asking.campaign(campaign).state == "done"


# ---- people without a proof ------------------------------------------------------------------------------------------


@pytest.fixture
def quarantine(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What stands above and keeps these people: whom it lets be asked, and what it heard."""
    kept = SimpleNamespace(refused=set(), asked=[], answers=[], contact=None)

    def on_asking(_session: Session, _now: datetime, quarantined: int) -> bool:
        kept.asked.append(quarantined)
        return quarantined not in kept.refused

    def on_answered(session: Session, now: datetime, quarantined: int, yes: bool) -> Contact | None:
        kept.answers.append((quarantined, yes))
        return kept.contact(session, now) if yes else None

    monkeypatch.setattr(operations, "on_asking", [on_asking])
    monkeypatch.setattr(operations, "on_answered", [on_answered])
    return kept


def rows(*numbers: int) -> list[operations.Person]:
    return [operations.Person(number, f"p{number}@example.net", "Erin") for number in numbers]


def hand_over(asking: Asking, *numbers: int, **more: object) -> PermissionCampaign:
    wanted = {"per_hour": 100, "ground": "They bought from us.", **more}
    return db.write(
        operations.ask_quarantined,
        asking.now,
        site=asking.site,
        operator_id=None,
        import_id=7,
        purpose=PURPOSE,
        statements={"en": Wording(NEW, NEW_WORDS)},
        rows=rows(*numbers),
        **wanted,
    )


def test_people_without_a_proof_are_asked_once_each_and_only_while_they_may_be(
    asking: Asking, quarantine: SimpleNamespace
) -> None:
    quarantine.refused = {2}
    campaign = hand_over(asking, 1, 2, 3)
    assert asking.ask(campaign) == 2
    assert [mail.to_key for mail in asking.mails()] == ["p1@example.net", "p3@example.net"]
    assert "They bought from us." in asking.mails()[0].text
    assert asking.campaign(campaign).state == "done"
    hand_over(asking, 1, 3, 4, campaign=campaign.public_id)
    assert asking.ask(campaign) == 1
    assert [mail.to_key for mail in asking.mails()] == ["p1@example.net", "p3@example.net", "p4@example.net"]


def test_a_yes_of_the_quarantine_becomes_a_consent_of_the_contact_made_above(
    asking: Asking, quarantine: SimpleNamespace
) -> None:
    def contact(session: Session, now: datetime) -> Contact:
        return contacts.upsert_confirmed(
            session, now, site_id=asking.site.id, address=addresses.parse("p1@example.net")
        )

    quarantine.contact = contact
    campaign = hand_over(asking, 1, 2)
    asking.ask(campaign)
    assert asking.answer("p1@example.net", True) == Answered("yes", True)
    assert asking.answer("p1@example.net", True) == Answered("yes", False)
    assert asking.answer("p2@example.net", False) == Answered("no", True)
    assert asking.answer("p2@example.net", True) == Answered("no", False)
    assert quarantine.answers == [(1, True), (2, False)]
    with db.read() as session:
        (made,) = session.scalars(select(Contact)).all()
    assert asking.holds(made) == NEW
    assert asking.answer("p1@example.net", False) == Answered("no", True)
    assert asking.holds(made) is None


def test_without_a_ground_nobody_of_the_quarantine_is_asked(asking: Asking, quarantine: SimpleNamespace) -> None:
    with pytest.raises(Invalid):
        hand_over(asking, 1, ground="  ")
