"""Several job processes at once, as a large shop runs them: every mail leaves once."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select

from leadcapture import addresses, db
from leadcapture.mail import operations
from leadcapture.mail.models import Email
from leadcapture.settings import Settings
from tests.conftest import add_people
from tests.mail.post_office import PostOffice
from tests.servers import Process, Service, wait_for

MAILS = 80

Start = Callable[[str], Process]


@pytest.fixture
def everybody(either_database: db.Database, real_now) -> SimpleNamespace:  # type: ignore[no-untyped-def]
    return db.write(add_people, real_now)


@pytest.fixture
def start_worker(settings: Settings, tmp_path: Path) -> Iterator[Start]:
    """Starts `leadcapture jobs` processes on the test's database and ends them afterwards."""
    started: list[Process] = []

    def start(smtp_url: str) -> Process:
        service = Service(
            tmp_path,
            INSTANCE=str(settings.instance),
            SECRET_KEY=settings.values["SECRET_KEY"],
            DATABASE_URL=db.current().engine.url.render_as_string(hide_password=False),
            SMTP_URL=smtp_url,
        )
        process = service.begin("jobs")
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def statuses() -> dict[str, int]:
    with db.read() as session:
        return dict(session.execute(select(Email.status, func.count()).group_by(Email.status)).all())


def queue_many(session, now, site, number: int = MAILS) -> None:  # type: ignore[no-untyped-def]
    for each in range(number):
        operations.enqueue(
            session,
            now,
            site=site,
            name="verify_recipient",
            to=addresses.parse(f"person{each}@example.org"),
            language="en",
            values={"link": "https://chat.example.org/x"},
        )


def test_two_workers_share_the_mails_and_nobody_gets_one_twice(  # type: ignore[no-untyped-def]
    everybody: SimpleNamespace, start_worker, real_now
) -> None:
    with PostOffice(slow=0.01) as office:
        for _ in range(2):
            start_worker(office.url)
        db.write(queue_many, real_now, everybody.site)

        def settled() -> bool:
            return set(statuses()) == {"sent"}

        # Until both have taken part (a connection each), there is more to do.
        while not (wait_for(settled, "every mail to be sent", 60) and office.connections >= 2):
            db.write(queue_many, real_now, everybody.site)
        assert sum(office.recipients.values()) == statuses()["sent"]
        message_ids = [mail["Message-ID"] for mail in office.taken]
        assert len(set(message_ids)) == len(message_ids)


def test_kill_9_in_the_middle_of_sending_repeats_nothing_and_loses_nothing(  # type: ignore[no-untyped-def]
    everybody: SimpleNamespace, start_worker, real_now
) -> None:
    db.write(queue_many, real_now, everybody.site)
    kills, wanted_kills = 0, 3 if db.current().sqlite else 2
    with PostOffice(slow=0.02) as office:
        while kills < wanted_kills:
            before = sum(office.recipients.values())
            worker = start_worker(office.url)
            # Let it send some, each time another number, then kill it wherever it is.
            wanted = before + 3 + 4 * kills
            wait_for(lambda wanted=wanted: sum(office.recipients.values()) >= wanted, "some mails", 40)
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            kills += 1
        assert sum(office.recipients.values()) < MAILS, "the last kill came too late to be one"
        start_worker(office.url)
        wait_for(lambda: set(statuses()) <= {"sent", "ambiguous"}, "every mail to be settled", 60)
        with db.read() as session:
            rows = session.execute(select(Email.to_email, Email.status)).all()
        for address, status in rows:
            times = office.recipients[address]
            assert times == 1 if status == "sent" else times <= 1, f"{status} mail was delivered {times} times"
        assert len(rows) == MAILS
        assert statuses().get("ambiguous", 0) <= kills


def test_a_worker_told_to_end_leaves_no_mail_in_doubt(people: SimpleNamespace, start_worker, real_now) -> None:  # type: ignore[no-untyped-def]
    db.write(queue_many, real_now, people.site, 12)
    with PostOffice(slow=0.3) as office:
        worker = start_worker(office.url)
        wait_for(lambda: len(office.senders) >= 2, "a mail to be on its way", 60)
        worker.terminate()
        assert worker.wait(20) == 0
        assert set(statuses()) <= {"sent", "deferred", "queued"}
        assert statuses()["sent"] == sum(office.recipients.values()) < 12
