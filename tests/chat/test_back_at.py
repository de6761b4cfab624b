"""Visitors are told when the site opens again, by whichever way they ask."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from leadcapture import clock, db
from leadcapture.chat import broadcast, live
from leadcapture.sites import hours, queries
from leadcapture.sites.models import Site


@pytest.fixture
def back_at(people: SimpleNamespace) -> str:
    """The site is closed but for an exception the day after tomorrow; when that begins, as it is told."""
    day = (clock.now() + timedelta(days=2)).date().isoformat()
    values: dict[str, Any] = {
        "timezone": "Asia/Tokyo",
        "hours": {"mon": []},
        "chat": {"exceptions": [{"date": day, "spans": [["12:00", "13:00"]], "why": {}}]},
    }
    db.write(lambda session: session.execute(update(Site).where(Site.id == people.site.id).values(**values)))
    return f"{day}T03:00:00.000Z"


def test_the_panel_reads_it_with_its_settings(client: FlaskClient, people: SimpleNamespace, back_at: str) -> None:
    chat = client.get(f"/v1/{people.site.key}/config").json["chat"]
    assert (chat["available"], chat["back_at"]) == (False, back_at)


def test_who_asks_by_plain_http_reads_it_too(client: FlaskClient, people: SimpleNamespace, back_at: str) -> None:
    path = f"/v1/{people.site.key}/chat/messages"
    posted = client.post(path, json={"client_id": "m1", "body": "Hello?"})
    answer = client.get(path, headers={"Authorization": f"Bearer {posted.json['token']}"}).json
    assert (answer["available"], answer["back_at"]) == (False, back_at)


def test_open_sockets_hear_it_when_the_site_closes(people: SimpleNamespace, back_at: str, app, monkeypatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(broadcast.socketio, "emit_here", lambda event, payload, **_to: told.append((event, payload)))
    live.look(clock.now())
    assert ("available", back_at) in [(event, payload.get("back_at")) for event, payload in told]


def test_a_site_that_is_open_names_no_moment(people: SimpleNamespace) -> None:
    with db.read() as session:
        site = queries.by_id(session, people.site.id)
    assert broadcast.availability(False, site, clock.now())["back_at"] is None
    assert hours.next_opening(site, clock.now()) is None


def test_files_are_offered_as_large_as_the_installation_takes_them(
    client: FlaskClient, people: SimpleNamespace
) -> None:
    assert client.get(f"/v1/{people.site.key}/config").json["chat"]["files"]["max_mb"] == 10
    chat = {"file_mb": 90}
    db.write(lambda session: session.execute(update(Site).where(Site.id == people.site.id).values(chat=chat)))
    assert client.get(f"/v1/{people.site.key}/config").json["chat"]["files"]["max_mb"] == 20
    chat = {"visitor_files": False}
    db.write(lambda session: session.execute(update(Site).where(Site.id == people.site.id).values(chat=chat)))
    assert client.get(f"/v1/{people.site.key}/config").json["chat"]["files"] is None
