"""The codes of a form as a CSV file."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from sqlalchemy.orm import Session

from leadcapture import clock, db
from leadcapture.contacts.export import line
from leadcapture.forms.kinds.coupon import queries

COLUMNS = ("code", "state", "email", "claimed_at", "valid_until", "given", "uses", "orders")


def csv_rows(session: Session, form_id: int) -> Iterator[str]:
    """The lines of the file, each with its line end, the header first, then every code with what became of it. No
    cell is taken for a formula by a spreadsheet."""
    yield line(COLUMNS)
    with db.read() as beside:
        codes = queries.every(session, form_id)
        while some := list(islice(codes, 500)):
            orders = queries.orders(beside, [listed.code.id for listed in some])
            for listed in some:
                cells = (
                    listed.code.code,
                    listed.state,
                    listed.email,
                    clock.wire_or_none(listed.claimed_at) or "",
                    clock.wire_or_none(listed.valid_until) or "",
                    str(listed.code.given),
                    str(listed.code.uses),
                    " ".join(orders.get(listed.code.id, ())),
                )
                yield line(cells)
