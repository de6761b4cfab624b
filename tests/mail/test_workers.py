"""Several job processes at once, as a large shop runs them: every mail leaves once."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from leadcapture import db
from leadcapture.mail import transports
from leadcapture.settings import Settings
from tests.conftest import add_people
from tests.faults.mailing import check, queue, statuses, waiting
from tests.mail.post_office import PostOffice
from tests.servers import Process, Service, wait_for

MAILS = 120
people_to_mail = [f"person{number}@example.org" for number in range(MAILS)]

Start = Callable[[str], Process]


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


def started(number: int, folder: Path) -> bool:
    return (folder / "service.log").read_text().count("The jobs are running.") >= number


def test_four_workers_share_the_mails_and_nobody_gets_one_twice(  # type: ignore[no-untyped-def]
    postgresql: db.Database, start_worker, real_now, tmp_path: Path
) -> None:
    everybody = db.write(add_people, real_now)
    with PostOffice(slow=0.02) as office:
        for _ in range(4):
            # One connection each, so that connections tell how many took part.
            start_worker(f"{office.url}&connections=1")
        wait_for(lambda: started(4, tmp_path), "the workers to look for mails", 60)
        db.write(queue, real_now, everybody.site, people_to_mail)
        wait_for(lambda: not waiting(), "every mail to be sent", 60)
        assert set(statuses().values()) == {"sent"}
        assert office.connections == 4
        check(office.recipients)
        message_ids = {mail["Message-ID"] for mail in office.taken}
        assert len(message_ids) == len(office.taken) == MAILS


def test_kill_9_in_the_middle_of_sending_repeats_nothing_and_loses_nothing(  # type: ignore[no-untyped-def]
    people: SimpleNamespace, start_worker, real_now
) -> None:
    db.write(queue, real_now, people.site, people_to_mail)
    with PostOffice(slow=0.05) as office:
        for wanted in (5, 30):
            # Two at once; each time one is killed wherever it is, and the other takes over.
            worker = start_worker(office.url)
            start_worker(office.url)
            wait_for(lambda wanted=wanted: sum(office.recipients.values()) >= wanted, "some mails", 40)
            worker.send_signal(signal.SIGKILL)
            worker.wait()
        assert sum(office.recipients.values()) < MAILS, "the last kill came too late to be one"
        wait_for(lambda: not waiting(), "every mail to be settled", 60)
        check(office.recipients)
        found = list(statuses().values())
        assert set(found) <= {"sent", "ambiguous"}
        assert len(found) == MAILS
        # At most what was on its way: one mail of each connection.
        assert found.count("ambiguous") <= 2 * transports.CONNECTIONS


def test_a_worker_told_to_end_leaves_no_mail_in_doubt(  # type: ignore[no-untyped-def]
    people: SimpleNamespace, start_worker, real_now
) -> None:
    db.write(queue, real_now, people.site, people_to_mail[:12])
    with PostOffice(slow=0.3) as office:
        worker = start_worker(office.url)
        wait_for(lambda: len(office.senders) >= 2, "a mail to be on its way", 60)
        worker.terminate()
        assert worker.wait(20) == 0
        found = list(statuses().values())
        assert set(found) <= {"sent", "deferred", "queued"}
        assert found.count("sent") == sum(office.recipients.values()) < 12
