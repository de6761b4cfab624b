"""A thousand people confirm at the same moment, for a hundred codes: by real requests to a real service."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select
from werkzeug.datastructures import MultiDict

from leadcapture import clock, db, ids, signing
from leadcapture.forms import checking, intake, operations
from leadcapture.forms.kinds.coupon import operations as coupons
from leadcapture.forms.kinds.coupon import rules
from leadcapture.forms.kinds.coupon.models import CouponClaim, CouponCode
from leadcapture.forms.models import Submission
from leadcapture.mail import caps
from leadcapture.mail.models import Email
from leadcapture.optin.models import Confirmation
from leadcapture.settings import Settings
from leadcapture.sites import operations as sites
from tests.servers import Service

SECRET = "a secret key of the tests"
WORKERS = 50
CODE = re.compile(rf"\b[{rules.ALPHABET}]{{5}}-[{rules.ALPHABET}]{{5}}\b")


@dataclass
class Race:
    """A service that runs, with so many people who have all filled in a form that has fewer codes."""

    service: Service
    people: int
    codes: int
    tokens: list[str]  # of the confirmations
    api_token: str
    form_id: int

    def run(self, paths: Sequence[str], bodies: Sequence[Any], headers: dict[str, str]) -> list[tuple[int, str]]:
        """Post all of them by WORKERS connections that are kept open; status and text of each answer."""
        own = threading.local()

        def post(path: str, body: Any) -> tuple[int, str]:
            if not hasattr(own, "connection"):
                own.connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=60)
            own.connection.request("POST", path, body and json.dumps(body), headers)
            answer = own.connection.getresponse()
            return answer.status, answer.read().decode()

        with ThreadPoolExecutor(WORKERS) as workers:
            return list(workers.map(post, paths, bodies))

    def confirm_all(self) -> list[str]:
        """Everybody presses the button; the pages they get."""
        answers = self.run([f"/confirm/{token}" for token in self.tokens], [None] * len(self.tokens), {})
        assert {status for status, _page in answers} == {200}
        return [page for _status, page in answers]

    def redeem(self, code: str, orders: int) -> list[dict[str, Any]]:
        """So many orders want the code at once; what each is told."""
        headers = {"Authorization": f"Bearer {self.api_token}", "Content-Type": "application/json"}
        bodies = [{"code": code, "order": f"order {number}"} for number in range(orders)]
        return [json.loads(said) for _status, said in self.run(["/api/v1/coupons/redeem"] * orders, bodies, headers)]


def prepare(
    make_service: Callable[..., Service], url: str | None, migrated: Path, *, people: int = 1000, codes: int = 100
) -> Race:
    """Start a service on that database (None: on a copy of the migrated SQLite file) and fill in all the forms."""
    service = make_service(SECRET_KEY=SECRET, SMTP_URL="", **({"DATABASE_URL": url} if url else {}))
    service.command = ("serve", "--no-jobs")
    instance = service.folder / "instance"
    instance.mkdir(parents=True)
    if url is None:
        shutil.copy(migrated, instance / "leadcapture.db")
    signing.configure([SECRET])
    caps.configure(Settings({"MAIL_PER_ADDRESS": "1/hour;3/day"}))
    db.connect(url or f"sqlite:///{instance / 'leadcapture.db'}")
    confirmations, api_token, form_id = db.write(_fill_in, clock.now(), people, codes)
    tokens = [signing.sign("confirm", public_id) for public_id in confirmations]
    service.start()
    return Race(service, people, codes, tokens, api_token, form_id)


def _fill_in(session, now: datetime, people: int, codes: int) -> tuple[list[str], str, int]:
    site = sites.create(session, now, name="Demo shop", allowed_origins=["https://shop.example.org"])
    _token, api_token = sites.create_token(session, now, site_id=site.id, name="checkout")
    # One code of everybody's own after the other is made by the kind; here there shall be exactly so many.
    form = operations.create(session, now, site_id=site.id, kind="coupon", settings={"supply": "shared"})
    form.settings = {**form.settings, "supply": "unique"}
    made = coupons.make_codes(session, now, site_id=site.id, form_public_id=form.public_id, number=codes)
    assert made == codes
    mails = intake.MailSettings(public_url="http://127.0.0.1", days=7)
    fields = MultiDict({"email": "person@example.net"})
    checked = checking.check(session, now, form=form, site=site, fields=fields, language="en")
    intake.accept(session, now, checked, intake.Evidence(), mails=mails)
    _copy(session, Confirmation, people, "confirmation", email_id=None)
    first = session.scalars(select(Confirmation.id).order_by(Confirmation.id).limit(1)).one()
    _copy(session, Submission, people, "submission", confirmation_id=lambda number: first + number)
    return list(session.scalars(select(Confirmation.public_id))), api_token, form.id


def _copy(session, model: Any, people: int, kind: str, **other: Any) -> None:
    """As many rows as there are people, each with an address of its own, like the one there is."""
    row = dict(session.execute(select(model.__table__).order_by(model.id).limit(1)).mappings().one())
    first = row.pop("id")
    rows = []
    for number in range(1, people):
        address = {"email": f"person{number}@example.net", "email_key": f"person{number}@example.net"}
        own = {name: value(number) if callable(value) else value for name, value in other.items()}
        rows.append({**row, **own, **address, "id": first + number, "public_id": ids.new(kind)})
    session.execute(insert(model), rows)


def judge(race: Race, pages: list[str]) -> list[str]:
    """As many people as there are codes have one, each another, and nobody else was told of any; returns the codes."""
    shown = [set(CODE.findall(page)) for page in pages]
    with_code = [codes for codes in shown if codes]
    assert len(with_code) == race.codes
    assert all(len(codes) == 1 for codes in with_code)
    codes = {code for codes in with_code for code in codes}
    assert len(codes) == race.codes
    honest = ["You got no code" in page for page in pages]
    assert honest == [not codes for codes in shown], "who has none is told so, and nobody else"
    with db.read() as session:
        assert set(session.scalars(select(CouponCode.code).where(CouponCode.given == 1))) == codes
        assert session.scalar(select(func.count()).select_from(CouponClaim)) == race.codes
        assert session.scalar(select(func.count(CouponClaim.contact_id.distinct()))) == race.codes
        assert session.scalar(select(func.count()).where(Submission.status == "confirmed")) == race.people
        mailed = list(session.scalars(select(Email.text).where(Email.name == "outcome")))
    assert {code for text in mailed for code in CODE.findall(text)} == codes
    assert len(mailed) == race.codes
    return sorted(codes)
