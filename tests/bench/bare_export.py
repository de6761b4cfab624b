"""The bare reference of an export: SQLAlchemy Core and csv, nothing checked.

python -m tests.bench.bare_export DATABASE_URL SITE_ID FILE
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from sqlalchemy import create_engine, select

from leadcapture.contacts.models import Contact


def main(url: str, site_id: str, file: str) -> None:
    c = Contact.__table__.c
    wanted = select(c.email, c.name, c.phone, c.status, c.language, c.confirmed_at, c.source)
    with create_engine(url).connect() as connection, Path(file).open("w", newline="", encoding="utf-8") as out:
        rows = connection.execute(
            wanted.where(c.site_id == int(site_id)).order_by(c.id).execution_options(yield_per=1000)
        )
        csv.writer(out).writerows(rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
