"""At most one confirmation mail an hour and three a day reach one mailbox, whoever asks for them and wherever."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace

import gevent
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from leadcapture import addresses, clock, db
from leadcapture import settings as settings_module
from leadcapture.errors import BadSetting
from leadcapture.mail import caps, claims, delivery
from leadcapture.mail.models import Email, MailCap
from leadcapture.operators.models import Membership
from leadcapture.sites.models import Site
from tests.conftest import add_people, configured

from .conftest import ORIGIN, count, hand_over

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LIMITS = [caps.Limit(1, HOUR), caps.Limit(3, DAY)]
ALICE = addresses.parse("alice@example.org")


@pytest.fixture
def environ(tmp_path):
    """What holds by default; only the many requests of one address are let through."""
    own = configured(tmp_path / "instance")
    del own["LEADCAPTURE_MAIL_PER_ADDRESS"]
    return own | {"LEADCAPTURE_RATE_FORM_PLAIN": "1000/minute"}


@pytest.fixture
def time(monkeypatch) -> SimpleNamespace:
    """`time.now`, which goes on by itself alone when a test sets it."""
    clocked = SimpleNamespace(now=clock.now())
    monkeypatch.setattr(clock, "now", lambda: clocked.now)
    return clocked


def planned() -> list[datetime]:
    """When the mails go that there are, in the order they were made."""
    with db.read() as session:
        return list(session.scalars(select(Email.due_at).order_by(Email.id)))


# ---- the rule -------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30 * 60), st.booleans()), max_size=25))
def test_no_stretch_of_an_hour_or_a_day_ever_has_more(wishes):
    now, had = datetime(2026, 3, 4, tzinfo=UTC), []
    for minutes, confirmation in wishes:
        now += timedelta(minutes=minutes)
        at = caps.slot(had, now, LIMITS, confirmation=confirmation)
        recent = [mail for mail in had if mail.at > now - DAY]
        assert (at is None) is (len(recent) >= 3), "a place that is free is given"
        if at is not None:
            assert now <= at <= now + 2 * HOUR
            had.append(caps.Mail(at, confirmation))
    times = sorted(mail.at for mail in had)
    asked = sorted(mail.at for mail in had if mail.confirmation)
    assert all(later - earlier >= DAY for earlier, later in zip(times, times[3:], strict=False))
    assert all(later - earlier >= HOUR for earlier, later in pairwise(asked))


@pytest.mark.parametrize("text", ["", "often", "1/hour;sometimes"])
def test_a_limit_that_is_none_stops_the_start(text):
    with pytest.raises(BadSetting, match="MAIL_PER_ADDRESS"):
        caps.configure(settings_module.Settings({"MAIL_PER_ADDRESS": text}))


# ---- a visitor's forms ----------------------------------------------------------------------------------------------


def test_the_second_mail_waits_for_its_hour_the_fourth_for_the_next_day(visitor, time):
    began = time.now
    for _ in range(5):
        assert visitor.send().status_code == 202
    assert planned() == [began, began + HOUR, began + 2 * HOUR]
    worker = delivery.worker_name()
    assert len(db.write(claims.claim, began, worker, 10)) == 1
    assert len(db.write(claims.claim, began + HOUR, worker, 10)) == 1
    time.now += DAY + timedelta(minutes=1)
    visitor.send()
    assert planned()[3:] == [time.now]


def test_who_got_no_mail_gets_it_by_asking_again_the_next_day(visitor, time, mailed):
    sent = [visitor.send() for _ in range(4)][-1]
    path, body = f"/v1/submissions/{sent.json['submission']}/resend", {"poll_token": sent.json["poll_token"]}
    today = visitor.client.post(path, json=body, headers=ORIGIN)
    assert count(Email) == 3
    time.now += DAY + timedelta(minutes=1)
    tomorrow = visitor.client.post(path, json=body, headers=ORIGIN)
    assert (today.status_code, today.data) == (tomorrow.status_code, tomorrow.data)
    assert "one such mail an hour" in today.json["message"]
    assert count(Email) == 4
    assert visitor.type_code(sent, mailed("alice@example.org").code).json["status"] == "confirmed"


def test_while_the_second_mail_waits_the_code_of_the_first_is_good(visitor, time, mailed):
    sent = visitor.send()
    first = mailed("alice@example.org")
    with db.read() as session:
        about = session.scalars(select(Email.about)).one()
    db.write(hand_over)
    path, body = f"/v1/submissions/{sent.json['submission']}/resend", {"poll_token": sent.json["poll_token"]}
    visitor.client.post(path, json=body, headers=ORIGIN)
    assert planned() == [time.now, time.now + HOUR]
    assert visitor.type_code(sent, first.code).json["status"] == "confirmed"
    with db.read() as session:
        left = session.scalars(select(Email).where(Email.about == about)).all()
    assert [email.due_at for email in left] == [time.now], "nobody needs the second mail any more"


def test_every_spelling_of_a_mailbox_is_the_same_one(visitor, time):
    spellings = ("a.lice@gmail.com", "ALICE@gmail.com", "alice+shop@googlemail.com", "al.ice+1@gmail.com")
    for spelling in spellings:
        visitor.send(email=spelling)
        visitor.ask(email=spelling)
    with db.read() as session:
        asked = session.scalars(select(Email.due_at).where(Email.name == "confirmation")).all()
        kept = session.scalars(select(MailCap.mailbox)).all()
    assert sorted(asked) == [time.now, time.now + HOUR, time.now + 2 * HOUR]
    assert len(kept) == 1
    assert "alice" not in kept[0]


# ---- the count ------------------------------------------------------------------------------------------------------


def test_the_sites_of_one_owner_share_the_count_and_those_of_others_do_not(database, people, now):
    second = db.write(_second_site_of_alice, now)
    wish = {"address": ALICE}
    assert db.write(caps.take, now, site=people.site, **wish) == now
    assert db.write(caps.take, now, site=second, **wish) == now + HOUR
    assert db.write(caps.take, now, site=people.other_site, **wish) == now


def _second_site_of_alice(session, now) -> Site:
    site = Site(key="sit_second", name="Second", allowed_origins=[], created_at=now, updated_at=now)
    session.add(site)
    session.flush()
    alice = session.scalars(select(Membership.operator_id).where(Membership.role == "owner").limit(1)).one()
    session.add(Membership(operator_id=alice, site_id=site.id, role="owner"))
    return site


def test_what_asks_for_no_confirmation_shares_the_day_and_not_the_hour(database, people, now):
    wish = {"site": people.site, "address": ALICE}
    assert db.write(caps.take, now, **wish) == now
    assert db.write(caps.take, now, **wish, confirmation=False) == now
    assert db.write(caps.take, now, **wish) == now + HOUR
    assert db.write(caps.take, now, **wish, confirmation=False) is None
    with db.read() as session:
        assert caps.wait(session, now + HOUR, **wish) == (DAY - HOUR).total_seconds()
    assert db.write(caps.take, now + DAY, **wish, confirmation=False) == now + DAY


def test_fifty_at_once_get_three_places(either_database, settings, now):
    people = db.write(add_people, now)
    caps.configure(settings)

    def take(_number: int = 0) -> datetime | None:
        return db.write(caps.take, now, site=people.site, address=ALICE)

    if either_database.sqlite:
        takers = [gevent.spawn(take) for _ in range(50)]
        gevent.joinall(takers, raise_error=True)
        got = [taker.value for taker in takers]
    else:
        with ThreadPoolExecutor(12) as pool:
            got = list(pool.map(take, range(50)))
    assert sorted(at for at in got if at) == [now, now + HOUR, now + 2 * HOUR]


def test_a_restart_forgets_nothing_and_a_day_later_nothing_is_kept(database, settings, people, now):
    wish = {"site": people.site, "address": ALICE}
    for _ in range(3):
        db.write(caps.take, now, **wish)
    db.connect(settings.database_url)
    caps.configure(settings)
    assert db.write(caps.take, now, **wish) is None
    caps.sweep_due(now + DAY)
    assert count(MailCap) == 1, "the last of them goes in two hours"
    caps.sweep_due(now + DAY + 2 * HOUR)
    assert count(MailCap) == 0
