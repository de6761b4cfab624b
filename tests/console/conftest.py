"""A browser without scripts: it signs in and sends forms as the pages offer them, CSRF token and all."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from leadcapture import db
from leadcapture.operators import queries
from tests.conftest import PASSWORD


class Browser:
    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def post(self, path: str, *, seen_at: str | None = None, **fields: str) -> TestResponse:
        """Send a form to `path` with the token of the page it stands on (or, where that is no page, of the account)."""
        page = self.client.get(seen_at or path).text
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        if found is None:
            found = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get("/console/account").text)
        return self.client.post(path, data={"csrf_token": found[1] if found else "", **fields})

    def sign_in(self, email: str, password: str = PASSWORD, **fields: str) -> TestResponse:
        return self.post("/console/sign-in", email=email, password=password, **fields)


@pytest.fixture
def browser(app: Flask) -> Callable[..., Browser]:
    """Makes a browser; with a name, that person is signed in already (without the slow hash of a password)."""

    def make(name: str | None = None) -> Browser:
        made = Browser(app.test_client())
        if name:
            with db.read() as session:
                operator = queries.by_email(session, f"{name}@example.org")
            with made.client.session_transaction() as cookie:
                cookie["operator"] = operator.public_id
                cookie["epoch"] = operator.session_epoch
        return made

    return make


@pytest.fixture
def somebody(browser: Callable[..., Browser], people: SimpleNamespace) -> Callable[..., Browser]:
    """As `browser`, with the people there already."""
    return browser
