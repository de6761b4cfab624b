"""What must hold of the outbox whatever a mail server did."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select

from leadcapture import addresses, clock, db
from leadcapture.mail import operations
from leadcapture.mail.models import Email


def queue(session, now, site, addressed: list[str]) -> None:  # type: ignore[no-untyped-def]
    """Put a mail to each of these addresses into the outbox."""
    for address in addressed:
        operations.enqueue(
            session,
            now,
            site=site,
            name="verify_recipient",
            to=addresses.parse(address),
            language="en",
            values={"link": "https://chat.example.org/x"},
        )


def statuses(database: db.Database | None = None) -> dict[str, str]:
    """The state of the mail to each address."""
    with (database or db.current()).read() as session:
        rows = session.execute(select(Email.to_email, Email.status)).all()
    assert len({address for address, _ in rows}) == len(rows)
    return dict(rows)  # type: ignore[arg-type]


def waiting(database: db.Database | None = None) -> list[str]:
    """Whose mails are not settled."""
    return [address for address, status in statuses(database).items() if status in ("queued", "deferred", "sending")]


def check(taken: Counter[str], database: db.Database | None = None) -> None:
    """Nobody was mailed twice; who is said to have been mailed was; what is not known is listed as ambiguous."""
    found = statuses(database)
    assert set(taken) <= set(found)
    for address, status in found.items():
        times = taken[address]
        if status == "sent":
            assert times == 1, f"a mail that was sent arrived {times} times"
        elif status == "ambiguous":
            assert times <= 1, f"an ambiguous mail arrived {times} times"
        else:
            assert times == 0, f"a mail that is {status} arrived"


def now_of(database: db.Database) -> str:
    """For the report of a soak: how many mails are in which state."""
    counted = Counter(statuses(database).values())
    return f"{clock.now():%H:%M:%S} " + ", ".join(f"{number} {status}" for status, number in sorted(counted.items()))
