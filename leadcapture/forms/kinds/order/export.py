"""Orders as a CSV file."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy.orm import Session

from leadcapture import clock
from leadcapture.contacts.export import line
from leadcapture.forms.fields import words
from leadcapture.forms.kinds.order import queries, wording
from leadcapture.forms.kinds.order.models import Order

COLUMNS = (
    "number", "state", "ordered_at", "name", "email", "phone", "goods", "delivery", "total", "currency",
    "street", "postcode", "city", "country", "note",
)  # fmt: skip


def csv_rows(session: Session, form_id: int) -> Iterator[str]:
    """The lines of the file, each with its line end, the header first, oldest order first. No cell is taken for a
    formula by a spreadsheet."""
    yield line(COLUMNS)
    for order in queries.every(session, form_id):
        yield line(_cells(order))


def _cells(order: Order) -> list[str]:
    return [
        str(order.number),
        order.state,
        clock.wire(order.created_at),
        order.name,
        order.email,
        order.phone,
        wording.goods(order),
        words(order.delivery["label"]) if order.delivery else "",
        f"{Decimal(order.total) / 100:.2f}",
        order.currency,
        order.street,
        order.postcode,
        order.city,
        order.country,
        order.note,
    ]
