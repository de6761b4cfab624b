"""What becomes of a mail with servers as they are: slow, picky, gone."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from leadcapture import db
from leadcapture.errors import Unavailable
from leadcapture.mail import claims, delivery, operations, queries, transports
from leadcapture.mail.claims import Settled
from leadcapture.mail.rules import Answer, Stage, Verdict
from tests.mail.conftest import Queue, stored
from tests.mail.post_office import PostOffice


def test_a_due_mail_is_delivered_once_and_marked_sent(
    everybody: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime
) -> None:
    email = queue()
    delivery.deliver_due(now)
    delivery.deliver_due(now + timedelta(days=1))
    assert office.recipients == {"bob@example.org": 1}
    row = stored(email)
    assert (row.status, row.attempts, row.last_answer) == ("sent", 1, "250 OK queued")
    assert row.sent_at is not None


def test_a_few_mails_leave_over_one_connection_and_many_over_several_that_are_kept(
    people: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime
) -> None:
    for number in range(15):
        queue(f"bob{number}@example.org")
    delivery.deliver_due(now)
    assert (len(office.taken), office.connections) == (15, 1)
    for number in range(25):
        queue(f"alice{number}@example.org")
    delivery.deliver_due(now)
    assert len(office.taken) == 40
    opened = office.connections
    assert 1 < opened <= transports.CONNECTIONS
    queue("erin@example.org")
    delivery.deliver_due(now)
    assert (len(office.taken), office.connections) == (41, opened)


def test_a_server_that_lets_few_in_gets_what_it_can_take(people: SimpleNamespace, queue: Queue, now: datetime) -> None:
    with PostOffice(most=2, slow=0.01) as office:
        transports.configure(smtp_url=office.url, public_url="https://chat.example.org")
        emails = [queue(f"bob{number}@example.org") for number in range(45)]
        delivery.deliver_due(now)
        assert {stored(email).status for email in emails} == {"sent"}
        assert {stored(email).attempts for email in emails} == {1}
        assert office.most_at_once <= 2


def test_a_url_may_say_how_many_connections_there_are(people: SimpleNamespace, queue: Queue, now: datetime) -> None:
    with PostOffice() as office:
        transports.configure(smtp_url=f"{office.url}&connections=1", public_url="https://chat.example.org")
        for number in range(45):
            queue(f"bob{number}@example.org")
        delivery.deliver_due(now)
        assert (len(office.taken), office.connections) == (45, 1)


def test_a_mail_that_is_not_due_waits(people: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime) -> None:
    queue()
    delivery.deliver_due(now - timedelta(seconds=1))
    assert not office.taken


def test_greylisting_is_waited_out(everybody: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime) -> None:
    office.refuse["bob"] = ["451 4.7.1 Greylisted, try again later"]
    email = queue()
    delivery.deliver_due(now)
    row = stored(email)
    assert row.status == "deferred"
    assert row.last_answer == "451 4.7.1 Greylisted, try again later"
    assert now + timedelta(seconds=30) <= row.due_at <= now + timedelta(seconds=40)
    delivery.deliver_due(now + timedelta(seconds=20))
    assert not office.taken
    delivery.deliver_due(now + timedelta(minutes=1))
    assert stored(email).status == "sent"
    assert office.recipients == {"bob@example.org": 1}


def test_a_full_mailbox_at_the_end_of_the_mail_is_tried_again(
    people: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime
) -> None:
    office.refuse_content["bob"] = ["452 4.2.2 Mailbox full"]
    email = queue()
    delivery.deliver_due(now)
    assert stored(email).status == "deferred"
    delivery.deliver_due(now + timedelta(minutes=1))
    assert stored(email).status == "sent"


def test_a_refusal_that_never_ends_is_given_up_after_days(
    people: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime
) -> None:
    office.refuse["bob"] = ["451 later"] * 1000
    email = queue()
    moment = now
    while stored(email).status in ("queued", "deferred"):
        moment = max(moment, stored(email).due_at)
        delivery.deliver_due(moment)
    assert stored(email).status == "failed"
    assert timedelta(days=4) <= moment - now < timedelta(days=6)


def test_an_address_that_does_not_exist_bounces_and_is_never_mailed_again(
    everybody: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime
) -> None:
    office.refuse["bob"] = ["550 5.1.1 No such user here"]
    first, second = queue(), queue("alice@example.org")
    delivery.deliver_due(now)
    assert stored(first).status == "bounced"
    assert stored(second).status == "sent"
    assert queue("BOB@example.org").status == "suppressed"
    delivery.deliver_due(now + timedelta(days=1))
    assert office.recipients == {"alice@example.org": 1}
    with db.read() as session:
        # What one site learned the hard way is not told to others.
        assert not queries.suppressed(session, everybody.other_site.id, "bob@example.org")


def test_a_refusal_by_policy_fails_without_suppressing_the_address(
    people: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime
) -> None:
    office.refuse["bob"] = ["550 5.7.1 Relaying denied"]
    office.refuse_content["alice"] = ["554 5.7.1 Looks like spam"]
    first, second = queue(), queue("alice@example.org")
    delivery.deliver_due(now)
    assert stored(first).status == "bounced"
    assert stored(second).status == "failed"
    assert queue().status == "queued"
    delivery.deliver_due(now + timedelta(days=1))
    assert stored(second).attempts == 1


def test_a_connection_lost_before_the_mail_began_is_tried_again(
    everybody: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime
) -> None:
    email, other = queue("once-hangup-early@example.org"), queue("alice@example.org")
    delivery.deliver_due(now)
    assert stored(email).status == "deferred"
    assert stored(other).status == "sent"
    delivery.deliver_due(now + timedelta(minutes=1))
    assert stored(email).status == "sent"
    assert office.recipients == {"once-hangup-early@example.org": 1, "alice@example.org": 1}


def test_a_connection_lost_before_the_answer_leaves_the_mail_ambiguous_and_never_resent(
    everybody: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime
) -> None:
    email, other = queue("hangup-late@example.org"), queue("alice@example.org")
    delivery.deliver_due(now)
    delivery.deliver_due(now + timedelta(days=3))
    row = stored(email)
    assert (row.status, row.last_answer) == ("ambiguous", "The mail server ended the connection.")
    assert stored(other).status == "sent"
    assert office.recipients == {"hangup-late@example.org": 1, "alice@example.org": 1}


def test_only_a_person_sends_an_ambiguous_mail_again(
    people: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime
) -> None:
    email = queue("once-hangup-late@example.org")
    delivery.deliver_due(now)
    assert stored(email).status == "ambiguous"
    db.write(operations.retry, now, site_id=people.site.id, public_id=email.public_id)
    delivery.deliver_due(now)
    assert stored(email).status == "sent"


def test_a_slow_server_is_waited_for(people: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime) -> None:
    office.slow = 1.0
    email = queue()
    delivery.deliver_due(now)
    row = stored(email)
    assert row.status == "sent"
    assert row.sent_at is not None
    assert row.sent_at - now >= timedelta(seconds=1)


def test_a_server_that_never_answers_to_the_mail_leaves_it_ambiguous(
    people: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transports, "CONTENT_SECONDS", 0.2)
    office.slow = 1.0
    email = queue()
    delivery.deliver_due(now)
    row = stored(email)
    assert (row.status, row.last_answer) == ("ambiguous", "The mail server did not answer in time.")


def test_while_the_server_is_away_mails_wait_and_say_so_and_all_go_out_after_its_return(
    everybody: SimpleNamespace, queue: Queue, now: datetime
) -> None:
    office = PostOffice()
    transports.configure(smtp_url=office.url, public_url="https://chat.example.org")
    emails = [queue(f"bob{number}@example.org") for number in range(25)]
    moment = now
    for _ in range(30):
        delivery.deliver_due(moment)
        moment += timedelta(minutes=10)
    row = stored(emails[0])
    assert (row.status, row.attempts) == ("deferred", 0)
    assert row.last_answer == "The mail server could not be reached: Connection refused."
    with office:
        delivery.deliver_due(moment)
        delivery.deliver_due(moment)
    assert {stored(email).status for email in emails} == {"sent"}
    assert len(office.recipients) == 25
    assert set(office.recipients.values()) == {1}


def test_a_server_that_restarts_between_two_mails_is_not_noticed_by_anybody(
    people: SimpleNamespace, queue: Queue, now: datetime
) -> None:
    first = PostOffice()
    transports.configure(smtp_url=first.url, public_url="https://chat.example.org")
    with first:
        queue()
        delivery.deliver_due(now)
    with PostOffice(port=first.port) as second:
        email = queue("alice@example.org")
        delivery.deliver_due(now)
        assert second.recipients == {"alice@example.org": 1}
    assert (stored(email).status, stored(email).attempts) == ("sent", 1)


def test_without_a_mail_server_mails_are_held(people: SimpleNamespace, queue: Queue, now: datetime) -> None:
    transports.configure(smtp_url=None, public_url="https://chat.example.org")
    email = queue()
    delivery.deliver_due(now)
    assert (stored(email).status, stored(email).attempts) == ("queued", 0)


def test_what_a_dead_worker_had_not_begun_is_sent_and_what_it_had_begun_is_ambiguous(
    everybody: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime
) -> None:
    begun, waiting = queue(), queue("alice@example.org")
    # A process id that no process can have, on this machine.
    dead = delivery.worker_name().split(":")[0] + ":99999999:ffffffff"
    first, _second = db.write(claims.claim, now, dead, 10)
    assert db.write(claims.begin, now, dead, [first]) == {begun.id}
    delivery.deliver_due(now + timedelta(seconds=1))
    delivery.deliver_due(now + timedelta(seconds=2))
    assert stored(begun).status == "ambiguous"
    assert stored(waiting).status == "sent"
    assert office.recipients == {"alice@example.org": 1}


def test_the_claim_of_a_worker_elsewhere_holds_two_minutes(
    everybody: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime
) -> None:
    email = queue()
    elsewhere = "another-machine:1:ffffffff"
    (claimed,) = db.write(claims.claim, now, elsewhere, 10)
    delivery.deliver_due(now + timedelta(seconds=119))
    assert stored(email).status == "sending"
    delivery.deliver_due(now + timedelta(seconds=121))
    delivery.deliver_due(now + timedelta(seconds=122))
    assert stored(email).status == "sent"
    # The slow worker comes back: it is told not to begin, and what it says changes nothing.
    assert not db.write(claims.begin, now, elsewhere, [claimed])
    assert office.recipients == {"bob@example.org": 1}


def test_an_answer_that_comes_late_is_still_believed(everybody: SimpleNamespace, queue: Queue, now: datetime) -> None:
    email = queue()
    elsewhere = "another-machine:1:ffffffff"
    (claimed,) = db.write(claims.claim, now, elsewhere, 10)
    db.write(claims.begin, now, elsewhere, [claimed])
    later = now + timedelta(minutes=3)
    db.write(claims.give_up, later, delivery.worker_name(), delivery.alive, mine=True)
    assert stored(email).status == "ambiguous"
    answer = Settled(claimed, Answer(Stage.CONTENT, 250, "OK"), Verdict("sent"))
    db.write(claims.record, later, elsewhere, [answer])
    assert stored(email).status == "sent"


def test_an_address_outside_ascii_needs_a_server_that_can(people: SimpleNamespace, queue: Queue, now: datetime) -> None:
    with PostOffice(enable_SMTPUTF8=False) as plain:
        transports.configure(smtp_url=plain.url, public_url="https://chat.example.org")
        wide, idn = queue("bób@example.org"), queue("bob@exämple.org")
        delivery.deliver_due(now)
        assert list(plain.recipients) == ["bob@xn--exmple-cua.org"]
    assert stored(wide).status == "failed"
    assert "SMTPUTF8" in str(stored(wide).last_answer)
    assert stored(idn).status == "sent"
    with PostOffice() as able:
        transports.configure(smtp_url=able.url, public_url="https://chat.example.org")
        db.write(operations.retry, now, site_id=people.site.id, public_id=wide.public_id)
        delivery.deliver_due(now)
        assert list(able.recipients) == ["bób@example.org"]
        assert able.taken[0]["To"] == "bób@example.org"


def test_no_address_stands_in_the_log(
    people: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    office.refuse["bob"] = ["550 5.1.1 <bob@example.org>: no such user"]
    office.refuse["charlie"] = ["451 <charlie@example.org>: later"]
    for address in ("bob@example.org", "alice@example.org", "charlie@example.org", "hangup-late@example.org"):
        queue(address)
    delivery.deliver_due(now)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("leadcapture")]
    assert len(ours) >= 4
    assert not [line for line in ours if "@" in line]


def test_a_database_that_fails_before_the_mail_began_costs_no_mail(
    people: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = queue(), queue("alice@example.org")
    with monkeypatch.context() as patch:

        def away(*_: object) -> bool:
            raise OperationalError("UPDATE", {}, Exception("the database went away"))

        patch.setattr(claims, "begin", away)
        with pytest.raises(Unavailable):
            delivery.deliver_due(now)
    delivery.deliver_due(now)
    delivery.deliver_due(now + timedelta(seconds=1))
    assert [stored(email).status for email in (first, second)] == ["sent", "sent"]
    assert set(office.recipients.values()) == {1}


def test_an_orderly_end_waits_for_the_answer_and_leaves_the_rest_to_others(
    people: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    emails = [queue(f"bob{number}@example.org") for number in range(3)]
    monkeypatch.setattr(delivery, "_ending", False)
    send = transports.Connection.send

    def send_while_ending(*arguments: Any) -> Any:
        # The signal comes while the first mail is on its way.
        assert not delivery.finish(0)
        return send(*arguments)

    monkeypatch.setattr(transports.Connection, "send", send_while_ending)
    delivery.deliver_due(now)
    assert [stored(email).status for email in emails] == ["sent", "deferred", "deferred"]
    assert delivery.finish(1)


def test_an_answer_that_the_database_could_not_take_is_written_down_when_it_is_back(
    everybody: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    emails = [queue(f"bob{number}@example.org") for number in range(3)]

    def away(*_: object) -> None:
        raise OperationalError("UPDATE", {}, Exception("the database went away"))

    with monkeypatch.context() as patch:
        patch.setattr(claims, "record", away)
        with pytest.raises(Unavailable):
            delivery.deliver_due(now)
        assert office.recipients == {"bob0@example.org": 1}
    delivery.deliver_due(now + timedelta(seconds=1))
    delivery.deliver_due(now + timedelta(seconds=2))
    assert [stored(email).status for email in emails] == ["sent", "sent", "sent"]
    assert set(office.recipients.values()) == {1}


def test_a_sender_whom_the_server_will_not_serve_now_waits_alone(
    everybody: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime
) -> None:
    office.refuse_sender["hello@shop"] = ["452 4.3.1 Insufficient system storage"] * 2
    ours = [queue(f"bob{number}@example.org") for number in range(30)]
    other = queue("erin@example.org", site=everybody.other_site)
    delivery.deliver_due(now)
    assert stored(other).status == "sent"
    row = stored(ours[-1])
    assert (row.status, row.attempts, row.last_answer) == ("deferred", 0, "452 4.3.1 Insufficient system storage")
    delivery.deliver_due(now + timedelta(seconds=31))
    assert {stored(email).status for email in ours} <= {"sent", "deferred"}
    delivery.deliver_due(now + timedelta(seconds=62))
    assert {stored(email).status for email in ours} == {"sent"}
    assert set(office.recipients.values()) == {1}


def test_a_server_that_hangs_up_on_everybody_is_away_and_no_mail_is_to_blame(
    everybody: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime
) -> None:
    emails = [queue(f"hangup-early{number}@example.org") for number in range(9)]
    delivery.deliver_due(now)
    tried = len(office.senders)
    assert tried <= 4
    delivery.deliver_due(now + timedelta(seconds=5))
    assert len(office.senders) == tried, "it is not looked for again so soon"
    office.hangs_up = False
    delivery.deliver_due(now + timedelta(seconds=60))
    assert {stored(email).status for email in emails} == {"sent"}
    assert {stored(email).attempts for email in emails} == {1}


def test_one_mail_that_cannot_be_written_down_harms_no_other(
    everybody: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    emails = [queue(f"bob{number}@example.org") for number in range(25)]

    def complain(session: Any, now: datetime, *, email: Any) -> None:
        if email.to_email == "bob3@example.org":
            raise ValueError("something that is never the database's fault")

    monkeypatch.setattr(operations, "on_sent", [complain])
    delivery.deliver_due(now)
    delivery.deliver_due(now + timedelta(seconds=1))
    assert [stored(email).status for email in emails if stored(email).status != "sent"] == ["ambiguous"]
    assert stored(emails[3]).status == "ambiguous"
    assert set(office.recipients.values()) == {1}


def test_an_attachment_arrives_byte_for_byte(
    everybody: SimpleNamespace, office: PostOffice, queue: Queue, now: datetime
) -> None:
    calendar = "BEGIN:VCALENDAR\r\nSUMMARY:Café – ورشة\r\nEND:VCALENDAR\r\n"
    attached = operations.Attachment("invitation.ics", "text/calendar; method=REQUEST", calendar)
    queue(attachments=[attached])
    delivery.deliver_due(now)
    (part,) = office.taken[0].iter_attachments()
    assert part.get_content_type() == "text/calendar"
    assert part["Content-Type"].params["method"] == "REQUEST"
    assert part.get_filename() == "invitation.ics"
    assert part.get_payload(decode=True).decode() == calendar
