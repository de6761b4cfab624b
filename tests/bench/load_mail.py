"""One worker that puts mails into the outbox, as the operations of the product do, and delivers them.

`python -m tests.bench.load_mail NUMBER` runs by the LEADCAPTURE_ settings of its environment and prints the seconds
that rendering and storing took, and delivering, by the clock and of the processor.
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402 after the patch, as in the product
import logging  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402

from sqlalchemy import func, select  # noqa: E402
from sqlalchemy.orm import Session  # noqa: E402

from leadcapture import addresses, clock, db, i18n, server, tables  # noqa: E402
from leadcapture import settings as settings_module  # noqa: E402
from leadcapture.app import configure  # noqa: E402
from leadcapture.demo import operations as demo  # noqa: E402
from leadcapture.mail import delivery, operations  # noqa: E402
from leadcapture.mail.models import Email  # noqa: E402
from leadcapture.sites.models import Site  # noqa: E402

TOGETHER = 100  # mails put into the outbox in one transaction, as a campaign would


def main(number: int) -> None:
    logging.disable(logging.INFO)
    settings = settings_module.load()
    tables.upgrade(db.connect(settings.database_url).engine)
    server.prepare_database(settings)
    configure(settings)
    i18n.use("en")
    site = db.write(demo.seed, clock.now(), public_url=settings.public_url).site_key
    db.write(_sender, site)
    send(site, 60)  # what is made once is made
    print(json.dumps(send(site, number)))


def send(site: str, number: int) -> dict[str, float]:
    before = _sent()
    render_wall, render = timed(lambda: _fill(site, number, before))
    deliver_wall, deliver = timed(lambda: delivery.deliver_due(clock.now()))
    assert _sent() - before == number
    return {"render": render, "deliver": deliver, "wall": render_wall + deliver_wall}


def timed(do: Callable[[], None]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    do()
    return time.perf_counter() - wall, time.process_time() - cpu


def _fill(site: str, number: int, after: int) -> None:
    for first in range(0, number, TOGETHER):
        db.write(_enqueue, site, range(after + first, after + min(number, first + TOGETHER)))


def _enqueue(session: Session, site_key: str, numbers: range) -> None:
    site = session.scalars(select(Site).where(Site.key == site_key)).one()
    for number in numbers:
        operations.enqueue(
            session,
            clock.now(),
            site=site,
            name="verify_recipient",
            to=addresses.parse(f"person{number}@example.org"),
            language="en",
            values={"link": f"https://chat.example.org/confirm/{number}"},
        )


def _sender(session: Session, site_key: str) -> None:
    site = session.scalars(select(Site).where(Site.key == site_key)).one()
    site.sender_email = "hello@shop.example.org"


def _sent() -> int:
    with db.read() as session:
        return (
            session.scalar(select(func.count()).where(Email.status == "sent", Email.to_email.startswith("person"))) or 0
        )


if __name__ == "__main__":
    main(int(sys.argv[1]))
