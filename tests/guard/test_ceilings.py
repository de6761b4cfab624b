"""Floods: a household, a network, a site and a link have a ceiling each; who meets one reads when to come back."""

from __future__ import annotations

import re
import time
from types import SimpleNamespace

import gevent
import pytest
from flask.testing import FlaskClient

from leadcapture import db, ratelimit, signing
from leadcapture.chat import routes
from leadcapture.forms import operations
from leadcapture.socketio import socketio

AGAIN = re.compile(r"Try again in (\d+) (second|minute|hour)s?\.")


@pytest.fixture
def environ(environ, request):
    """Small limits, so that a few requests meet them."""
    return environ | {
        "LEADCAPTURE_RATE_FORM": "4/minute",
        "LEADCAPTURE_RATE_FORM_PLAIN": "2/minute",
        "LEADCAPTURE_RATE_FORM_NETWORK": "3/minute",
        "LEADCAPTURE_RATE_FORM_SITE": "5/minute",
        "LEADCAPTURE_RATE_CONNECT": "2/minute",
        "LEADCAPTURE_RATE_UPLOAD": "1/minute",
        "LEADCAPTURE_RATE_SIGN_IN": "1/15 minutes",
    }


@pytest.fixture
def form(people, now) -> SimpleNamespace:
    def make(session):
        made = operations.create(session, now, site_id=people.site.id, kind="subscription", slug="news", settings={})
        operations.publish(session, now, site_id=people.site.id, public_id=made.public_id)

    db.write(make)
    return SimpleNamespace(api=f"/v1/{people.site.key}/forms/news", page=f"/f/{people.site.key}/news")


def send(client: FlaskClient, path: str, ip: str, **fields: str):
    sent = {"email": "erin@example.org", "consent": "newsletter", **fields}
    how = {"json": sent} if path.startswith("/v1/") else {"data": sent}
    return client.post(path, environ_base={"REMOTE_ADDR": ip}, **how)


def refused(answer) -> None:
    """A 429 says when, in its head and in a sentence."""
    assert answer.status_code == 429
    wait = int(answer.headers["Retry-After"])
    assert wait >= 1
    said = AGAIN.search(answer.json["error"]["message"] if answer.is_json else answer.text)
    assert said, answer.text
    in_seconds = int(said[1]) * {"second": 1, "minute": 60, "hour": 3600}[said[2]]
    assert wait <= in_seconds < wait + 3600


@pytest.mark.parametrize("where", ["api", "page"])
def test_one_address_one_network_and_one_site_have_a_ceiling_each(client, form, where):
    path = getattr(form, where)
    taken = (200, 202)
    assert [send(client, path, "192.0.2.1").status_code in taken for _ in range(2)] == [True, True]
    refused(send(client, path, "192.0.2.1"))  # the address
    assert send(client, path, "192.0.2.2").status_code in taken
    refused(send(client, path, "192.0.2.3"))  # the network
    assert send(client, path, "198.51.100.1").status_code in taken
    assert send(client, path, "203.0.113.1").status_code in taken
    refused(send(client, path, "2001:db8::1"))  # the site


def test_a_household_has_one_address_however_many_it_uses(client, form):
    for host in ("1", "ffff:2:3"):
        assert send(client, form.api, f"2001:db8:0:7::{host}").status_code == 202
    refused(send(client, form.api, "2001:db8:0:7:8888::4"))
    assert send(client, form.api, "2001:db8:0:8::1").status_code == 202
    refused(send(client, form.api, "2001:db8:0:9::1"))  # the /48 around
    assert send(client, form.api, "2001:db8:1::1").status_code == 202


def test_who_is_refused_on_the_page_keeps_what_was_typed(client, form):
    for _ in range(2):
        send(client, form.page, "192.0.2.1")
    answer = send(client, form.page, "192.0.2.1", email="typed@example.net")
    refused(answer)
    assert 'value="typed@example.net"' in answer.text
    assert re.search(r'<input type="checkbox" name="consent" value="newsletter" checked', answer.text)
    assert f'data-wait="{answer.headers["Retry-After"]}"' in answer.text


def test_the_sentence_is_in_the_language_of_the_page(client, form):
    for _ in range(2):
        send(client, form.page, "192.0.2.1")
    answer = send(client, f"{form.page}?lang=ar", "192.0.2.1")
    assert answer.status_code == 429
    assert 'lang="ar"' in answer.text


def test_what_follows_on_a_form_has_a_ceiling_too(client, form):
    sent = send(client, form.api, "192.0.2.1").json
    for call in ("code", "resend"):
        asked = {"poll_token": sent["poll_token"], "code": "000000"}
        path = f"/v1/submissions/{sent['submission']}/{call}"
        tries = [client.post(path, json=asked, environ_base={"REMOTE_ADDR": f"192.0.2.{n}"}) for n in range(4)]
        refused(tries[-1])
    fields = {"submission": sent["submission"], "poll_token": sent["poll_token"]}
    refused(client.post(f"{form.page}/resend", data=fields, environ_base={"REMOTE_ADDR": "192.0.2.9"}))


def test_buttons_of_mailed_links_have_a_wide_ceiling_that_a_hundred_presses_do_not_meet(client, form, settings):
    # Ten times that of forms: 300 a minute as it comes, so 3,000 here.
    token = signing.sign("confirm", "cnf_nobody")
    answers = [client.post(f"/confirm/{token}").status_code for _ in range(31)]
    assert answers[0] == answers[29] == 404
    assert answers[30] == 429
    refused(client.post(f"/preferences/{signing.sign('preferences', 'con_nobody')}"))
    assert client.get(f"/confirm/{token}").status_code == 404, "looking is free"


def test_withdrawals_of_many_people_from_one_mail_provider_all_count(client, people):
    for number in range(40):
        token = signing.sign("unsubscribe", f"con_nobody{number}")
        answer = client.post(f"/unsubscribe/{token}", data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code != 429
    for _ in range(4):
        answer = client.post(f"/unsubscribe/{token}")
    refused(answer)


def test_sign_ins_that_fail_have_a_ceiling_for_the_household(client, people):
    def fail(ip: str, email: str):
        page = client.get("/console/sign-in", environ_base={"REMOTE_ADDR": ip}).text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
        fields = {"email": email, "password": "wrong", "csrf_token": token}
        return client.post("/console/sign-in", data=fields, environ_base={"REMOTE_ADDR": ip})

    for number in range(3):
        assert fail(f"2001:db8:0:7::{number}", f"nobody{number}@example.org").status_code == 422
    refused(fail("2001:db8:0:7:9::1", "nobody@example.org"))


def greet(app, people, ip: str, **auth: str):
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = ip
    return socketio.test_client(
        app, namespace="/visitor", auth={"site": people.site.key, **auth}, flask_test_client=client
    )


def test_connections_have_a_ceiling_for_the_household_the_network_and_the_site(app, people):
    def connects(ip: str) -> bool:
        client = greet(app, people, ip)
        connected = client.is_connected("/visitor")
        if connected:
            client.disconnect("/visitor")
        return connected

    assert [connects(f"2001:db8:0:1::{n}") for n in range(3)] == [True, True, False]
    network = [connects(f"2001:db8:0:{n}::1") for n in range(2, 12)]
    assert network.count(True) == 2 * 5 - 2
    site = [connects(f"10.0.{n}.1") for n in range(40)]
    assert site.count(True) == 2 * 20 - 10


def test_conversations_have_a_ceiling_of_their_own_and_the_refusal_says_when(client, people):
    path = f"/v1/{people.site.key}/chat/messages"

    def begin(number: int):
        body = {"client_id": f"m{number}", "body": "Hello", "visitor_key": f"{number:030d}"}
        return client.post(path, json=body, environ_base={"REMOTE_ADDR": "192.0.2.1"})

    first = begin(1)
    assert (first.status_code, begin(2).status_code) == (200, 200)
    refused(begin(3))
    # Who talks already goes on.
    token = {"Authorization": f"Bearer {first.json['token']}"}
    assert client.post(path, json={"client_id": "m9", "body": "More"}, headers=token).status_code == 200


def test_a_refused_message_on_a_socket_says_when(app, people, client):
    sockets = [greet(app, people, ip) for ip in ("192.0.2.1", "192.0.2.1", "192.0.2.2")]
    gevent.sleep(0)  # the welcome comes once they are connected
    tokens = [socket.get_received("/visitor")[0]["args"][0]["token"] for socket in sockets]
    for number in (0, 2):
        answer = client.post(
            f"/v1/{people.site.key}/chat/messages",
            json={"client_id": "m1", "body": "Hello"},
            headers={"Authorization": f"Bearer {tokens[number]}"},
            environ_base={"REMOTE_ADDR": "192.0.2.1"},
        )
        assert answer.status_code == 200
    body = {"client_id": "m1", "body": "Hello"}
    answer = sockets[1].emit("message", body, namespace="/visitor", callback=True)
    assert (answer["ok"], answer["error"]["code"]) == (False, "rate_limited")
    assert AGAIN.search(answer["error"]["message"])
    assert answer["error"]["retry_after"] >= 1
    for socket in sockets:
        socket.disconnect("/visitor")


def test_a_member_s_link_is_asked_for_within_the_ceiling(client, people, now):
    def make(session):
        made = operations.create(session, now, site_id=people.site.id, kind="registration", slug="club", settings={})
        operations.publish(session, now, site_id=people.site.id, public_id=made.public_id)

    db.write(make)
    path = f"/f/{people.site.key}/club/member"
    answers = [client.post(path, data={"email": "erin@example.org"}) for _ in range(3)]
    assert [answer.status_code for answer in answers[:2]] == [200, 200]
    refused(answers[2])
    assert "erin@example.org" in answers[2].text


def test_a_socket_that_never_stops_is_answered_that_it_is_too_much(app, people, environ, monkeypatch):
    monkeypatch.setitem(ratelimit._limits, "RATE_MESSAGE", "2/minute")
    socket = greet(app, people, "192.0.2.1")
    typed = [socket.emit("typing", {"text": "x"}, namespace="/visitor", callback=True) for _ in range(11)]
    assert [answer["ok"] for answer in typed] == [True] * 10 + [False]
    assert (typed[-1]["error"]["code"], bool(AGAIN.search(typed[-1]["error"]["message"]))) == ("rate_limited", True)
    socket.disconnect("/visitor")


def test_one_visitor_does_not_wait_a_thousand_times_at_once(client, people, monkeypatch):
    path = f"/v1/{people.site.key}/chat/messages"
    token = client.post(path, json={"client_id": "m1", "body": "Hello"}).json["token"]
    asked = f"{path}?after_seq=1&wait=25"
    monkeypatch.setitem(routes._waiting, signing.verify("visitor", token).split(":")[1], routes.MOST_WAITING)
    began = time.monotonic()
    assert client.get(asked, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert time.monotonic() - began < 5
