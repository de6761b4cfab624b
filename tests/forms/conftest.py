"""Two published forms of the site, and what a visitor does with them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from altcha import v1 as altcha
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from leadcapture import clock, db
from leadcapture.forms import operations
from leadcapture.forms.models import Form
from leadcapture.mail.models import Email

ORIGIN = {"Origin": "https://shop.example.org"}


@pytest.fixture
def forms(people, now) -> SimpleNamespace:
    """`forms.subscription` and `forms.offline` (the newsletter a box of its own), published under these slugs."""

    def make(session) -> SimpleNamespace:
        made: dict[str, Form] = {}
        for kind, settings in (("subscription", {}), ("offline", {"newsletter": True})):
            form = operations.create(session, now, site_id=people.site.id, kind=kind, slug=kind, settings=settings)
            made[kind] = operations.publish(session, now, site_id=people.site.id, public_id=form.public_id)
        return SimpleNamespace(**made)

    return db.write(make)


@dataclass
class Visitor:
    """A browser on the site's page."""

    client: FlaskClient
    key: str

    def describe(self, slug: str, **query: str) -> Any:
        return self.client.get(f"/v1/{self.key}/forms/{slug}", query_string=query, headers=ORIGIN)

    def send(self, slug: str = "subscription", headers: dict[str, str] | None = None, **fields: Any) -> Any:
        values = {"email": "alice@example.org", "consent": ["newsletter"]} if slug == "subscription" else {}
        return self.client.post(f"/v1/{self.key}/forms/{slug}", json={**values, **fields}, headers=headers or ORIGIN)

    def ask(self, **fields: Any) -> Any:
        return self.send("offline", **{"name": "Bob", "email": "bob@example.org", "message": "Is it blue?", **fields})

    def state(self, sent: Any) -> Any:
        token = {"Authorization": f"Bearer {sent.json['poll_token']}", **ORIGIN}
        return self.client.get(f"/v1/submissions/{sent.json['submission']}", headers=token)

    def type_code(self, sent: Any, code: str) -> Any:
        body = {"code": code, "poll_token": sent.json["poll_token"]}
        return self.client.post(f"/v1/submissions/{sent.json['submission']}/code", json=body, headers=ORIGIN)


@pytest.fixture
def visitor(client, people, forms) -> Visitor:
    return Visitor(client, people.site.key)


@dataclass
class Mailed:
    """The newest confirmation mail to an address."""

    link: str  # the path
    code: str
    text: str


@pytest.fixture
def mailed() -> Callable[[str], Mailed]:
    def newest(address: str) -> Mailed:
        with db.read() as session:
            email = session.scalars(
                select(Email).where(Email.to_email == address, Email.name == "confirmation").order_by(Email.id.desc())
            ).first()
        assert email is not None, f"nothing was mailed to {address}"
        link = re.search(r"http://\S+(/confirm/\S+)", email.text)
        code = re.search(r"^(\d{6})$", email.text, re.MULTILINE)
        assert link
        assert code
        return Mailed(link[1], code[1], email.text)

    return newest


def hand_over(session: Session) -> None:
    """As if the mail server had taken what waits."""
    session.execute(update(Email).where(Email.status == "queued").values(status="sent", sent_at=clock.now()))


def solve(challenge: dict[str, Any]) -> dict[str, Any]:
    """The solved challenge, before it is packed."""
    asked = altcha.Challenge(
        challenge["algorithm"],
        challenge["challenge"],
        challenge["maxnumber"],
        challenge["salt"],
        challenge["signature"],
    )
    solution = altcha.solve_challenge(asked)
    assert solution is not None
    names = ("algorithm", "challenge", "salt", "signature")
    return {**{name: challenge[name] for name in names}, "number": solution.number}


def pack(solved: dict[str, Any]) -> str:
    return base64.b64encode(json.dumps(solved).encode()).decode()


def count(model: Any, *where: Any) -> int:
    """How many rows there are."""
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(model).where(*where)) or 0


@pytest.fixture
def make_form(people, now) -> Callable[..., Form]:
    """Makes a form of a kind for the site, published unless told not to be, under a slug that is the kind's name."""

    def make(kind: str, *, publish: bool = True, slug: str | None = None, **settings: Any) -> Form:
        def operation(session) -> Form:
            form = operations.create(
                session, now, site_id=people.site.id, kind=kind, slug=slug or kind, settings=settings
            )
            if publish:
                operations.publish(session, now, site_id=people.site.id, public_id=form.public_id)
            return form

        return db.write(operation)

    return make


@pytest.fixture
def confirm(client, mailed) -> Callable[[str], Any]:
    """Presses the button of the newest confirmation mail to an address; the page that follows."""
    return lambda address: client.post(mailed(address).link)


@pytest.fixture
def letters(database) -> Callable[[str], list[Email]]:
    """Every e-mail to an address but the confirmations, oldest first."""

    def of(address: str) -> list[Email]:
        with db.read() as session:
            wanted = select(Email).where(Email.to_email == address, Email.name != "confirmation").order_by(Email.id)
            return list(session.scalars(wanted))

    return of


@pytest.fixture
def signed_in(app, people) -> Callable[[str], FlaskClient]:
    """A browser in which alice, bob or charlie is signed in; forms need no CSRF token in it."""
    app.config["WTF_CSRF_ENABLED"] = False

    def browser(name: str) -> FlaskClient:
        client = app.test_client()
        operator = getattr(people, name)
        with client.session_transaction() as cookie:
            cookie["operator"], cookie["epoch"] = operator.public_id, operator.session_epoch
        return client

    return browser
