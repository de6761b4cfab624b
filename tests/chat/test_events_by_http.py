"""What a visitor's socket offers, by plain HTTP: the same effect, and for nobody else."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from leadcapture import clock, db
from leadcapture.chat import operations, queries, summaries
from leadcapture.chat.protocol import VISITOR_EMITS, Incoming
from leadcapture.chat.queries import Thread
from leadcapture.chat.sockets.by_http import BEFORE_ANY_MESSAGE, WITH_A_CALL_OF_THEIR_OWN

Tell = Callable[..., TestResponse]
EVENTS = [event for event in VISITOR_EMITS if event not in WITH_A_CALL_OF_THEIR_OWN]


@pytest.fixture
def tell(client: FlaskClient, people: SimpleNamespace) -> Tell:
    """`tell(event, payload, token)`: what a browser of the site's visitor posts."""

    def post(event: str, payload: object = None, token: str = "", site: Any = None, **headers: str) -> TestResponse:
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        path = f"/v1/{(site or people.site).key}/chat/events/{event}"
        return client.post(path, json={} if payload is None else payload, headers=bearer | headers)

    return post


@pytest.fixture
def said(client: FlaskClient, people: SimpleNamespace) -> dict[str, Any]:
    """A visitor has said something: the acknowledgement with the token."""
    answer = client.post(f"/v1/{people.site.key}/chat/messages", json={"client_id": "c1", "body": "Hello?"})
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def thread(conversation: str) -> Thread:
    with db.read() as session:
        found = queries.thread(session, conversation)
    assert found is not None
    return found


def test_a_visitor_without_websockets_has_seen_what_was_answered(
    tell: Tell, said: dict[str, Any], people: SimpleNamespace
) -> None:
    db.write(
        operations.post_by_operator, clock.now(), operator_id=people.alice.id, epoch=people.alice.session_epoch,
        conversation=said["conversation"], incoming=Incoming("o1", "Yes?"), kind="reply",
    )  # fmt: skip
    assert tell("seen", {"seq": 2}, said["token"]).get_json() == {"ok": True}
    with db.read() as session:
        found = summaries.one(session, said["conversation"])
    assert found is not None
    assert found[1]["seen"]["visitor"] == 2


def test_a_visitor_without_websockets_ends_and_rates_the_talk(tell: Tell, said: dict[str, Any]) -> None:
    assert tell("end", {}, said["token"]).get_json() == {"ok": True}
    assert thread(said["conversation"]).status == "closed"
    assert tell("rate", {"stars": 4, "comment": "Quick"}, said["token"]).get_json() == {"ok": True}
    with db.read() as session:
        found = summaries.one(session, said["conversation"])
    assert found is not None
    assert found[1]["rating"] == {"stars": 4, "comment": "Quick"}


def test_a_refusal_is_an_error_with_its_sentence(tell: Tell, said: dict[str, Any]) -> None:
    answer = tell("rate", {"stars": 6, "comment": ""}, said["token"])
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (422, "bad_request")
    assert tell("dance", {}, said["token"]).status_code == 404
    assert tell("message", {"client_id": "c2", "body": "x"}, said["token"]).status_code == 404
    assert tell("end", [1], said["token"]).status_code == 422


@pytest.mark.parametrize("event", EVENTS)
def test_a_token_of_the_other_site_or_none_moves_nothing(
    tell: Tell, said: dict[str, Any], people: SimpleNamespace, event: str
) -> None:
    payload = {"seq": 1, "stars": 1, "comment": "", "url": "https://example.org/", "user_id": "1", "hash": "x"}
    for site, token in ((people.other_site, said["token"]), (people.site, ""), (people.site, said["token"] + "x")):
        answer = tell(event, payload, token, site)
        if event not in BEFORE_ANY_MESSAGE:
            assert answer.status_code == 401
    assert thread(said["conversation"]).status != "closed"
    with db.read() as session:
        found = summaries.one(session, said["conversation"])
    assert found is not None
    assert (found[1]["rating"], found[1]["seen"]["visitor"]) == (None, 0)


def test_a_page_of_another_origin_may_not_speak_for_the_site(tell: Tell, said: dict[str, Any]) -> None:
    assert tell("end", {}, said["token"], Origin="https://evil.example").status_code == 403
    assert thread(said["conversation"]).status != "closed"
