"""A backup is brought back over data that went on since: what that data knows of people and mails holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from leadcapture import addresses, db
from leadcapture.backup import operations, restoring, swapping
from leadcapture.backup.archive import BadArchive
from leadcapture.backup.restoring import Restored
from leadcapture.chat.models import Conversation, Visitor
from leadcapture.consent import operations as consent
from leadcapture.contacts import operations as contacts
from leadcapture.contacts.models import Contact
from leadcapture.errors import Conflict
from leadcapture.forms.kinds.webinar import due
from leadcapture.mail import operations as mails
from leadcapture.mail import restored
from leadcapture.mail.models import Email, Suppression
from leadcapture.privacy import erasing
from leadcapture.settings import Settings
from tests.forms.conftest import letters, make_form
from tests.forms.kinds.test_webinar import NOW, START, Webinar, reminded, session_row

__all__ = ["letters", "make_form"]  # fixtures

LATER = timedelta(hours=20)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "backup.tar.gz"


@pytest.fixture
def bring_back(settings: Settings, database: db.Database, now: datetime, archive: Path) -> Callable[..., Restored]:
    """Restores the backup a day later; the database is connected again afterwards."""

    def bring_back(at: datetime = now + LATER) -> Restored:
        db.close()
        try:
            return restoring.restore(settings, at, archive)
        finally:
            db.connect(settings.database_url)

    return bring_back


def subscriber(now: datetime, site_id: int, email: str) -> Contact:
    def add(session: Session) -> Contact:
        contact = contacts.upsert_confirmed(session, now, site_id=site_id, address=addresses.parse(email))
        consent.record(session, now, contact=contact, action="grant", purpose="newsletter", method="button")
        return contact

    return db.write(add)


def write_mail(now: datetime, site_id: int, to: str, **values: Any) -> str:
    def add(session: Session) -> str:
        mail = Email(
            public_id=f"eml_{to}",
            site_id=site_id,
            name="confirmation",
            language="en",
            to_email=f"{to}@example.org",
            to_key=f"{to}@example.org",
            from_email="hello@shop.example.org",
            subject="Hello",
            text="Hello",
            html="<p>Hello</p>",
            message_id=f"<{to}@example.org>",
            created_at=now,
            **{"due_at": now, **values},
        )
        session.add(mail)
        return mail.public_id

    return db.write(add)


def set_mail(public_id: str, **values: Any) -> None:
    db.write(lambda session: session.execute(update(Email).where(Email.public_id == public_id).values(**values)) and 1)


def mail(public_id: str) -> Email:
    with db.read() as session:
        return session.scalars(select(Email).where(Email.public_id == public_id)).one()


def test_who_left_bounced_or_was_erased_since_stays_so(
    people: SimpleNamespace,
    settings: Settings,
    now: datetime,
    archive: Path,
    bring_back: Callable[..., Restored],
) -> None:
    erin, frank, grace, heidi = (
        subscriber(now, people.site.id, f"{who}@example.org") for who in ("erin", "frank", "grace", "heidi")
    )
    operations.back_up(settings, now, archive)
    later = now + timedelta(hours=1)
    db.write(consent.withdraw, later, contact=erin, method="unsubscribe_link")
    db.write(erasing.erase, later, contact=frank, reason="person")
    db.write(mails.suppress, later, site_id=people.site.id, email_key="grace@example.org", reason="bounce")
    # heidi leaves and comes back: what she said last is that she agrees.
    db.write(consent.withdraw, later, contact=heidi, method="unsubscribe_link")
    db.write(consent.record, later, contact=heidi, action="grant", purpose="newsletter", method="button")

    done = bring_back()
    assert done.ledger == []
    assert done.carried is not None
    assert (done.carried.withdrawn, done.carried.erased) == (1, 1)
    with db.read() as session:
        statuses = dict(session.execute(select(Contact.email_key, Contact.status)).all())
        stopped = set(session.scalars(select(Suppression.email_key)))
    assert statuses == {
        "erin@example.org": "unsubscribed",
        "grace@example.org": "suppressed",
        "heidi@example.org": "confirmed",
    }
    assert "grace@example.org" in stopped
    assert not any("frank" in key for key in stopped), "nothing says who was erased"
    assert grace.public_id != erin.public_id


def test_each_mail_becomes_what_is_known_of_it(
    people: SimpleNamespace, settings: Settings, now: datetime, archive: Path, bring_back: Callable[..., Restored]
) -> None:
    site = people.site.id
    sent, waits, bounced, begun, claimed, gone, failed = (
        write_mail(now, site, who) for who in ("sent", "waits", "bounced", "begun", "claimed", "gone", "failed")
    )
    set_mail(failed, status="failed")
    operations.back_up(settings, now, archive)
    at = now + timedelta(hours=1)
    set_mail(sent, status="sent", sent_at=at, last_answer="250 OK")
    set_mail(waits, status="deferred", due_at=now + LATER)
    set_mail(bounced, status="bounced", last_answer="550 no")
    set_mail(begun, status="sending", data_begun=True, claimed_by="somebody", claimed_at=at)
    set_mail(claimed, status="sending", data_begun=False, claimed_by="somebody", claimed_at=at)
    db.write(lambda session: session.delete(session.scalars(select(Email).where(Email.public_id == gone)).one()))
    set_mail(failed, status="sent", sent_at=at)

    done = bring_back()
    assert (mail(sent).status, mail(sent).sent_at, mail(sent).last_answer) == ("sent", at, "250 OK")
    assert (mail(waits).status, mail(waits).due_at) == ("deferred", now + LATER)
    assert mail(bounced).status == "bounced"
    assert (mail(begun).status, mail(begun).claimed_by) == ("ambiguous", None)
    assert mail(claimed).status == "deferred"
    assert (mail(gone).status, mail(gone).last_answer) == ("ambiguous", restored.HELD)
    assert mail(failed).status == "sent", "somebody tried again, and it went"
    assert (done.mails.sent, done.mails.waiting, done.mails.held) == (2, 2, 1)
    db.write(mails.retry, now, site_id=site, public_id=gone)
    assert mail(gone).status == "queued", "a person may decide that it goes"


def test_where_nothing_is_known_all_is_held_but_what_is_for_later(
    people: SimpleNamespace, settings: Settings, now: datetime, archive: Path, bring_back: Callable[..., Restored]
) -> None:
    due, planned = (
        write_mail(now, people.site.id, "due"),
        write_mail(now, people.site.id, "planned", due_at=now + 2 * LATER),
    )
    tried = write_mail(now, people.site.id, "tried", status="deferred", due_at=now + 2 * LATER)
    operations.back_up(settings, now, archive)
    db.close()
    (settings.instance / "leadcapture.db").write_bytes(b"SQLite format 3\0" + b"not any more" * 1000)
    for log in settings.instance.glob("leadcapture.db-*"):
        log.unlink()
    done = bring_back()
    assert done.carried is None
    assert {mail(each).status for each in (due, tried)} == {"ambiguous"}
    assert (mail(planned).status, mail(planned).due_at) == ("queued", now + 2 * LATER)
    assert list(settings.instance.glob("before-restore-*/leadcapture.db")), "what was there is kept, whatever it is"


def test_operators_are_not_told_again_that_somebody_waits(
    people: SimpleNamespace, settings: Settings, now: datetime, archive: Path, bring_back: Callable[..., Restored]
) -> None:
    def wait(session: Session) -> None:
        visitor = Visitor(public_id="vis_1", site_id=people.site.id, created_at=now, seen_at=now)
        session.add(visitor)
        session.flush()
        session.add(
            Conversation(
                public_id="cnv_1",
                site_id=people.site.id,
                visitor_id=visitor.id,
                waiting_since=now,
                created_at=now,
                active_at=now,
            )
        )

    db.write(wait)
    operations.back_up(settings, now, archive)
    db.write(lambda session: session.execute(update(Conversation).values(escalation=2, escalated_at=now)) and 1)
    bring_back()
    with db.read() as session:
        assert session.scalars(select(Conversation.escalation)).one() == 2


@pytest.mark.parametrize("known", [True, False])
def test_reminders_that_were_sent_since_are_not_written_anew(
    people: SimpleNamespace,
    make_form: Callable[..., Any],
    letters: Callable[[str], list[Email]],
    settings: Settings,
    archive: Path,
    bring_back: Callable[..., Restored],
    known: bool,
) -> None:
    webinar = Webinar(people.site, make_form("webinar", sessions=[session_row()]))
    for who in ("alice", "erin"):
        webinar.register(f"{who}@example.net")
    operations.back_up(settings, START - timedelta(hours=25), archive)
    a_day_before = START - timedelta(hours=24)
    due.run(a_day_before)
    [reminder] = reminded(letters, "alice@example.net")
    db.write(
        lambda session: session.execute(update(Email).values(status="sent", sent_at=a_day_before, due_at=NOW)) and 1
    )
    if not known:
        db.close()
        (settings.instance / "leadcapture.db").unlink()
    at = START - timedelta(hours=23)
    bring_back(at)
    due.run(at)
    for who in ("alice", "erin"):
        states = {mail.subject: mail.status for mail in letters(f"{who}@example.net")}
        assert states[reminder] == ("sent" if known else "ambiguous")
        assert len(reminded(letters, f"{who}@example.net")) == 1


def test_a_backup_that_is_no_good_changes_nothing(
    people: SimpleNamespace, settings: Settings, now: datetime, archive: Path, bring_back: Callable[..., Restored]
) -> None:
    operations.back_up(settings, now, archive)
    with pytest.raises(Conflict, match="there already"):
        operations.back_up(settings, now, archive)
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 4
    archive.write_bytes(content)
    before = sorted(path.name for path in settings.instance.iterdir() if not path.name.endswith(("-wal", "-shm")))
    with pytest.raises(BadArchive):
        bring_back()
    after = sorted(path.name for path in settings.instance.iterdir() if not path.name.endswith(("-wal", "-shm")))
    assert after == before
    with db.read() as session:
        assert session.scalar(select(Contact.id)) is None


@pytest.mark.parametrize("done", range(7))
def test_a_swap_that_is_killed_is_finished_by_whoever_comes_next(
    settings: Settings, done: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = settings.instance
    moves = [(instance / "db", instance / "kept" / "db"), (instance / "new" / "db", instance / "db")]
    moves += [(instance / "up", instance / "kept" / "up"), (instance / "new" / "up", instance / "up")]
    moves += [(instance / "never", instance / "kept" / "never")]
    (instance / "new").mkdir()
    for name, text in (("db", "old"), ("up", "old"), ("new/db", "new"), ("new/up", "new")):
        (instance / name).write_text(text)
    left, rename = [done], Path.rename

    def killed(path: Path, target: Path) -> Path:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", killed)
    if done < 5:  # the list itself, and four moves
        with pytest.raises(KeyboardInterrupt):
            swapping.swap(settings, moves)
    else:
        swapping.swap(settings, moves)
    monkeypatch.setattr(Path, "rename", rename)
    for _again in range(2):
        swapping.finish(settings)
    said = {name: (instance / name).read_text() for name in ("db", "up")}
    if done == 0:
        assert said == {"db": "old", "up": "old"}, "nothing was decided yet"
    else:
        assert said == {"db": "new", "up": "new"}
        assert (instance / "kept" / "db").read_text() == "old"
    assert not (instance / swapping.LIST).exists()
