"""Whatever anybody sends, to whichever route or event, is answered: never a 5xx, never a traceback, never a value in
the database that its column does not hold (SQLite would keep it, PostgreSQL would fail).

The routes are those of the application's map, signed in as alice, who owns the site; the ids in their paths are real,
so that what is hostile comes far. A new route needs nothing here but its line in test_authorisation.py.
"""

from __future__ import annotations

import json
import logging
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from flask import got_request_exception
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import String, Text
from werkzeug.routing import BuildError

import leadcapture
from leadcapture import bounded_json, clock, db, signing, tables
from leadcapture import settings as settings_module
from leadcapture.chat import protocol
from leadcapture.demo import rules as demo
from leadcapture.forms.access import poll_token
from leadcapture.operators import queries as operators
from leadcapture.sites import operations as sites
from leadcapture.socketio import socketio
from tests import test_authorisation as known
from tests.conftest import application, configured

LONG = "x" * 1_500  # longer than every column but those without end
TEXTS = [
    "9" * 40,  # no column holds it
    "9" * 5_000,  # Python reads no such number
    "-1",
    "1e999",
    "NaN",
    "sNaN",
    "1e99999999",
    "²",  # a digit, and no number
    LONG,
    "\0\x1b\u202e=1+1",
    "0001-01-01T00:00:00+14:00",  # a moment before all time, in UTC
    "9999-12-31T23:59:59-14:00",
    "xn--a@[::1]:99999/..%2f",
]
ROUNDS = 2  # how many of these each parameter is sent as; in every round another
SHAPES: list[Any] = [
    10**40,
    2**63 - 1,
    -1,
    1.5,
    True,
    None,
    [],
    {},
    [[["x"]]],
    {"a": {"b": [1]}},
    ["x"] * 300,
    LONG,
    "\0",
    "\ud800",
]
BODIES = [
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"email":"' + b"x" * 300_000 + b'"}',
    b"9" * 5_000,
    b'{"email":' + b"9" * 5_000 + b"}",
    b"",
    b"null",
    b"NaN",
    b"\xff\xfe{",
    b"{" + b",".join(b'"a%d":1' % number for number in range(20_000)) + b"}",
]
FORMS = [
    b"a=1&" * 100_000,
    b"%00=%00&email=%ff%fe",
    b"&".join(b"a%d=" % number for number in range(5_000)),
    b"email=" + b"x" * 490_000,
]


@pytest.fixture(scope="module")
def world(
    seeded: Path, tmp_path_factory: pytest.TempPathFactory, compiled: FileSystemBytecodeCache
) -> Iterator[SimpleNamespace]:
    """The demo shop in this process, with alice signed in and nothing that stops what comes too often."""
    instance = tmp_path_factory.mktemp("limits") / "instance"
    shutil.copytree(seeded, instance)
    rates = [setting.name for setting in settings_module.TABLE if setting.name.startswith("RATE_")]
    unlimited = {f"LEADCAPTURE_{name}": "1000000/second" for name in rates}
    settings = settings_module.load(configured(instance) | unlimited)
    app = application(settings, compiled)
    app.testing, app.config["PROPAGATE_EXCEPTIONS"] = False, False
    db.connect(settings.database_url)
    with db.read() as session:
        alice = operators.by_email(session, "alice@example.org")
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["operator"], cookie["epoch"] = alice.public_id, alice.session_epoch
    with sqlite3.connect(instance / "leadcapture.db") as rows:
        known.add_what_the_demo_lacks(rows)
        names = known.names_of(rows)
    _, bearer = db.write(sites.create_token, clock.now(), site_id=1, name="Hers")
    page = client.get("/console/account").text
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert csrf
    visitor = signing.sign("visitor", f"{demo.SITE_KEY}:{names['visitor']}")
    raised: list[str] = []
    # The sender is the application; the receiver must be held.
    note = lambda _app, exception, **_more: raised.append(f"{type(exception).__name__}: {exception}")  # noqa: E731
    got_request_exception.connect(note, app)
    yield SimpleNamespace(
        app=app,
        alice=client,
        rows=rows,
        ids=names | proven(names) | {"charlie": names["bob"]},
        csrf=csrf[1],
        raised=raised,
        headers={"Authorization": f"Bearer {bearer}"},
        visitor={"Authorization": f"Bearer {visitor}"},
    )
    got_request_exception.disconnect(note, app)
    app.testing = True
    rows.close()
    db.close()


def proven(names: dict[str, Any]) -> dict[str, str]:
    """The tokens that test_authorisation has wrong, as they should be."""
    right = known.wrong_tokens(names)
    for name in [name for name in right if name.startswith("wrong_")]:
        purpose = {"change": "address-change"}.get(name[6:], name[6:])
        if purpose == "submission":
            right[name] = poll_token(demo.SITE_KEY, names["submission"])
        elif purpose in signing.PURPOSES:
            right[name] = signing.sign(purpose, signing.verify("preview", right[name]))
    return right


def paths(world: SimpleNamespace, method: str) -> Iterator[str]:
    """The path of every route that answers to that method, with real ids where they are known."""
    tables = (known.THEIRS, known.HIS_OWN, known.UNPROVEN, known.MACHINES, known.VISITORS)
    lines = {known.rule_of(world, line): line for table in tables for line in known.lines(table)}
    given = {"key": demo.SITE_KEY, "slug": world.ids["subscription_slug"], "kind": "subscription", "version": 1}
    adapter = world.app.url_map.bind("")
    for rule in world.app.url_map.iter_rules():
        if method not in (rule.methods or ()) or rule.endpoint == "static" or "sign_out" in rule.endpoint:
            continue
        if line := lines.get((method, rule.rule)):
            yield line.format(**world.ids).split()[1].partition("?")[0]
        else:
            try:
                yield adapter.build(rule.endpoint, {name: given.get(name, "1") for name in rule.arguments}, method)
            except BuildError:
                yield re.sub(r"<[^>]*>", "1", rule.rule)


@cache
def parameters() -> list[str]:
    """Every name by which the code asks for something that was sent."""
    source = "".join(path.read_text("utf-8") for path in Path(leadcapture.__file__).parent.rglob("*.py"))
    asked = re.findall(r'(?:\.get|\.getlist|given,|text\(\w+,|seq\(\w+,) ?\(?"([a-z_]{1,30})"', source)
    return sorted(set(asked) - {"csrf_token", "wait", "act", "website_url", "lang"})


def check(world: SimpleNamespace, what: str, answer: Any) -> None:
    assert answer.status_code < 500, f"{what[:100]}: {answer.status_code} {world.raised[-1:]}"


def no_trouble_logged(caplog: pytest.LogCaptureFixture) -> None:
    troubles = [record for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info]
    assert not troubles, "\n".join(f"{one.getMessage()} {one.exc_text or one.exc_info}" for one in troubles)


# ---- HTTP ------------------------------------------------------------------------------------------------------------


def mixed(turn: int, longest: int = 5_000) -> dict[str, str]:
    """Every parameter with one of the texts, in each turn with another."""
    return {name: TEXTS[(at + turn * 4) % len(TEXTS)][:longest] for at, name in enumerate(parameters())}


@pytest.mark.parametrize("turn", range(2))
def test_no_query_breaks_a_page(world, turn, caplog):
    query = {name: text.replace("\0", "") for name, text in mixed(turn, 60).items()}
    for path in paths(world, "GET"):
        check(world, f"GET {path} {query}", world.alice.get(path, query_string=query, headers=world.visitor))
    no_trouble_logged(caplog)


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_no_json_breaks_a_call(world, turn, caplog):
    body = json.dumps({name: SHAPES[(at + turn * 5) % len(SHAPES)] for at, name in enumerate(parameters())})
    for path in paths(world, "POST"):
        if path.startswith(("/v1/", "/api/")):
            headers = world.headers if path.startswith("/api/") else world.visitor
            answer = world.alice.post(path, data=body, content_type="application/json", headers=headers)
            check(world, f"POST {path} {body}", answer)
    no_trouble_logged(caplog)
    fits(world)


def test_no_body_breaks_a_call_or_takes_long(world, caplog):
    calls = [path for path in paths(world, "POST") if path.startswith(("/v1/", "/api/"))]
    pages = [f"/f/{demo.SITE_KEY}/{world.ids['subscription_slug']}", f"/confirm/{world.ids['wrong_confirm']}", *calls]
    for kind, bodies, tried in (
        ("application/json", BODIES, calls),
        ("application/x-www-form-urlencoded", FORMS, pages[:4]),
    ):
        for body in bodies:
            for path in tried:
                began = time.process_time()
                answer = world.alice.post(path, data=body, content_type=kind, headers=world.headers)
                check(world, f"POST {path} {body[:20]!r}", answer)
                assert time.process_time() - began < 1, f"{path} {body[:20]!r}"
    no_trouble_logged(caplog)


def test_json_that_is_too_deep_or_too_much_is_refused_at_once(world):
    path = f"/v1/{demo.SITE_KEY}/forms/{world.ids['subscription_slug']}"
    for body in (b"[" * 100_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000, BODIES[-1]):
        answer = world.alice.post(path, data=body, content_type="application/json")
        assert answer.status_code == 422
        assert answer.json["error"]["code"] == "bad_request"
    answer = world.alice.post(path, data=b" " * 1_000_001, content_type="application/json")
    assert answer.status_code == 413


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_no_field_of_a_form_breaks_it(world, turn, caplog):
    # One field at a time, the others right: what is checked last is reached too.
    for slug in (slug for name, slug in world.ids.items() if name.endswith("_slug")):
        path = f"/v1/{demo.SITE_KEY}/forms/{slug}"
        described = world.alice.get(path).json
        right = {field["name"]: filled(field) for field in described["fields"]}
        right |= {"consent": [one["purpose"] for one in described["consents"]], "page_url": "https://shop.example.org"}
        names = (*right, "lang", "once", "opened", "form_version", "conversation", "altcha")
        for at, name in enumerate(names):
            shape = SHAPES[(at + turn * 5) % len(SHAPES)]
            answer = world.alice.post(path, data=json.dumps(right | {name: shape}), content_type="application/json")
            check(world, f"{slug} {name} {str(shape)[:20]}", answer)
    no_trouble_logged(caplog)
    fits(world)


def filled(field: dict[str, Any]) -> str:
    """Something that such a field takes."""
    if field["options"]:
        return str(field["options"][0]["value"])
    return {"email": "erin@example.org", "tel": "+49 30 123456", "number": "2", "date": "2026-12-01"}.get(
        field["type"], "Hello"
    )


def test_an_address_with_a_nul_is_refused(world):
    assert world.alice.get("/console/contacts?q=%00").status_code == 422
    assert world.alice.get("/console/contacts/%00").status_code == 404
    assert world.alice.get(f"/f/{demo.SITE_KEY}/%00").status_code == 404


# ---- events ----------------------------------------------------------------------------------------------------------


def visitors_socket(world: SimpleNamespace, **auth: Any) -> Any:
    token = world.visitor["Authorization"].removeprefix("Bearer ")
    return socketio.test_client(world.app, namespace="/visitor", auth={"site": demo.SITE_KEY, "token": token, **auth})


@pytest.fixture(scope="module")
def sockets(world: SimpleNamespace) -> Iterator[dict[str, Any]]:
    operator = socketio.test_client(world.app, namespace="/operator", flask_test_client=world.alice)
    opened = {"/visitor": visitors_socket(world), "/operator": operator}
    yield opened
    for namespace, client in opened.items():
        client.disconnect(namespace)


def test_no_payload_breaks_an_event(world, sockets, caplog):
    right = known.NO_SUCH | {event: payload for event, (payload, _empty) in known.EMPTY.items()}
    assert set(right) == set(protocol.OPERATOR_EMITS)
    at = 0
    for namespace, events in (("/operator", right), ("/visitor", known.VISITORS_EVENTS)):
        for event, payload in events.items():
            payload = known.filled_in(payload, world)
            for name in (None, *payload):
                for turn in range(ROUNDS):
                    at += 1
                    shape = SHAPES[(at + turn * 5) % len(SHAPES)]
                    hostile = shape if name is None else payload | {name: shape}
                    answer = sockets[namespace].emit(event, hostile, namespace=namespace, callback=True)
                    assert isinstance(answer, dict), f"{event} {str(hostile)[:60]}"
                    failed = answer.get("ok") is False and answer["error"]["code"] == "error"
                    assert not failed, f"{event} {str(hostile)[:200]}"
        gevent.sleep(0)
        sockets[namespace].get_received(namespace)
    no_trouble_logged(caplog)
    fits(world)


def test_no_greeting_breaks_a_socket(world, caplog):
    names = ("site", "token", "lang", "page", "after_seq", "after_rev", "timezone", "title", "referrer", "identity")
    clients = [socketio.test_client(world.app, namespace="/visitor", auth=shape) for shape in SHAPES]
    clients += [
        visitors_socket(world, **{name: SHAPES[(at + turn * 5) % len(SHAPES)]})
        for turn in range(ROUNDS)
        for at, name in enumerate(names)
    ]
    for client in clients:
        if client.is_connected("/visitor"):
            client.disconnect("/visitor")
    no_trouble_logged(caplog)


def test_a_packet_that_cannot_be_read_is_a_line_in_the_log_and_the_socket_lives(world, sockets, caplog):
    client = sockets["/visitor"]
    for packet in (
        b"x",
        "2/visitor," + "[" * 50_000,
        "2/visitor,[",
        "2/visitor," + "9" * 200,
        "9",
        "",
        "51-/visitor,[]",
        b"x",
    ):
        socketio.server.eio._trigger_event("message", client.eio_sid, packet, run_async=False)
    assert not any(record.exc_info for record in caplog.records)
    assert client.emit("typing", {"text": "x"}, namespace="/visitor", callback=True) == {"ok": True}


def test_json_is_read_within_bounds():
    deep = "[" * bounded_json.DEEPEST + "]" * bounded_json.DEEPEST
    assert bounded_json.loads(deep)
    for text in (f"[[{deep}]]", "[" + "1," * bounded_json.MOST_VALUES + "1]", "1e999", "NaN", "9" * 5_000, "[", ""):
        with pytest.raises(ValueError):
            bounded_json.loads(text)
    assert bounded_json.loads('{"a\\u0000": ["\\ud800b", "\\ud83d\\ude00"]}') == {"a": ["b", "😀"]}


# ---- pages that change things: last, for alice takes down what the others ask for -----------------------------------


@pytest.mark.parametrize("turn", range(2))
def test_no_form_breaks_a_page(world, turn, caplog):
    fields = {**mixed(turn), "csrf_token": world.csrf}
    for path in paths(world, "POST"):
        if not path.startswith(("/v1/", "/api/")):
            check(world, f"POST {path} {fields}", world.alice.post(path, data=fields))
    no_trouble_logged(caplog)
    fits(world)


# ---- what was stored -------------------------------------------------------------------------------------------------


def fits(world: SimpleNamespace) -> None:
    """Every text is one that its column holds."""
    for table in tables.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, String) and not isinstance(column.type, Text) and column.type.length:
                question = f"SELECT max(length({column.name})) FROM {table.name}"
                longest = world.rows.execute(question).fetchone()[0] or 0
                assert longest <= column.type.length, f"{table.name}.{column.name} holds {longest}"
