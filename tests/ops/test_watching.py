"""Who runs the service sees how it is: figures for Prometheus, a log that can be read by programs and names nobody, and
which part is not well."""

from __future__ import annotations

import json
import logging
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from leadcapture import clock, db, health, logs
from leadcapture import settings as settings_module
from leadcapture.mail.models import Email
from tests.chat.talk import Client
from tests.servers import Redis, Service, free_port, wait_for

TOKEN = "a token of the tests"
ADDRESS = "erin@example.net"


class Watched(Service):
    """`serve --no-jobs` and `jobs` beside it, as two services of one machine."""

    def figures(self, token: str = TOKEN) -> dict[str, float]:
        """What /metrics says: by name and labels as they stand there."""
        request = urllib.request.Request(f"{self.url}/metrics", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            lines = answer.read().decode().splitlines()
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}

    def lines(self) -> list[dict[str, Any]]:
        """The log, each line an object; what a command says of itself stands between."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with Watched(
        tmp_path_factory.mktemp("watched") / "service",
        command=("serve", "--no-jobs"),
        METRICS_TOKEN=TOKEN,
        LOG_FORMAT="json",
    ) as service:
        service.seed_demo()
        service.start()
        jobs = service.begin("jobs")
        yield service
        jobs.kill()


def post(service: Service, path: str, **fields: str) -> Any:
    request = urllib.request.Request(service.url + path, json.dumps(fields).encode())
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.headers


def test_what_happens_is_counted_by_whichever_process_it_happens_in(watched: Watched) -> None:
    site, slug = watched.demo["site_key"], watched.demo["forms"]["subscription"]
    visitor = Client(watched.url, "/visitor", {"site": site, "lang": "en"}, {"Origin": watched.url})
    visitor.say("Hello?")
    post(watched, f"/v1/{site}/forms/{slug}", email=ADDRESS, consent="newsletter")
    watched.wait_for_email(ADDRESS)
    request = 'method="POST",route="/v1/<key>/forms/<slug>",status="2xx"'
    assert watched.figures()[f"leadcapture_http_request_seconds_count{{{request}}}"] == 1
    wait_for(lambda: watched.figures().get('leadcapture_sockets{namespace="visitor"}') == 1, "the socket", 15)
    found = watched.figures()
    assert found["leadcapture_write_seconds_count"] > 0
    assert found["leadcapture_write_group_size_sum"] >= found["leadcapture_write_group_size_count"] > 0
    assert found['leadcapture_job_late_seconds_count{job="presence"}'] > 0, "a job of the web process"
    assert found['leadcapture_job_seconds_count{job="deliver mail"}'] > 0, "a job of the process for jobs"
    assert found["leadcapture_mails_sent_total"] == 1
    assert found['leadcapture_mails{status="queued"}'] == 0
    assert found["leadcapture_mail_due_seconds"] == 0
    assert found['leadcapture_confirmations{status="pending"}'] >= 1
    assert found['leadcapture_ready{part="database"}'] == 1
    assert site not in "".join(found), "what is counted is the route, never the path"
    visitor.leave()
    wait_for(lambda: watched.figures()['leadcapture_sockets{namespace="visitor"}'] == 0, "its end", 15)


def test_figures_are_for_who_brings_the_token(watched: Watched, client: FlaskClient) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        watched.figures("another")
    assert refused.value.code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404, "no token is set there"


def test_the_log_tells_a_request_by_its_id_and_names_nobody(watched: Watched) -> None:
    site, slug = watched.demo["site_key"], watched.demo["forms"]["subscription"]
    address = "frank@example.net"
    answer = post(watched, f"/v1/{site}/forms/{slug}", email=address, consent="newsletter", name="Frank Someone")
    link = re.search(r"/confirm/(\S+)", str(watched.wait_for_email(address).get_body(("plain",)).get_content()))
    assert link
    with urllib.request.urlopen(watched.url + link[0], timeout=20) as page:
        page.read()
    identity = answer["X-Request-ID"]
    line = wait_for(lambda: next((x for x in watched.lines() if x.get("request_id") == identity), None), "its line")
    assert (line["method"], line["route"], line["status"]) == ("POST", "/v1/<key>/forms/<slug>", 202)
    assert any(line.get("route") == "/confirm/<token>" for line in watched.lines())
    written = watched.log.read_text()
    for secret in (address, "Frank", link[1], site):
        assert secret not in written


def test_a_proxy_may_name_a_request_and_nobody_else(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    named = {"X-Request-ID": "0123456789abcdef"}
    assert client.get("/healthz", headers=named).headers["X-Request-ID"] != named["X-Request-ID"]
    around = client.application.wsgi_app
    monkeypatch.setattr(around, "_trusted", True)
    assert client.get("/healthz", headers=named).headers["X-Request-ID"] == named["X-Request-ID"]
    for odd in ("short", "x" * 65, 'a"quote and more', "with space in it"):
        assert client.get("/healthz", headers={"X-Request-ID": odd}).headers["X-Request-ID"] != odd


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("mail to erin@example.org failed", "mail to …@… failed"),
        ("from 8.8.8.8 and 2001:4860:4860::8888", "from … and …"),
        ("at 127.0.0.1:5432, 10.1.2.3, ::1", "at 127.0.0.1:5432, 10.1.2.3, ::1"),
        ("at 12:30:45", "at 12:30:45"),
        ("GET /confirm/eyJhIjoxfQ.aB3dE6.x-Y_z0123456789 failed", "GET /confirm/… failed"),
        ("erin@münchen.example, <bob@example.org>", "…@…, <…@…>"),
    ],
)
def test_addresses_and_links_are_blotted_out_whoever_wrote_the_line(said: str, written: str) -> None:
    logs._request_id.set("")
    record = logging.LogRecord("x", logging.INFO, "", 0, said, (), None)
    assert json.loads(logs._JSON().format(record))["message"] == written
    assert logs._Text().format(record).endswith(f" INFO x: {written}")


def test_a_traceback_names_nobody_either() -> None:
    try:
        raise ValueError("no room for dave@example.net")
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "failed", (), (ValueError, error, error.__traceback__))
    line = json.loads(logs._JSON().format(record))
    assert line["error"] == "ValueError"
    assert "no room for …@…" in line["traceback"]


# ---- /readyz --------------------------------------------------------------------------------------------------------


def test_each_part_is_told_by_its_name(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {
        "status": "ok", "parts": dict.fromkeys(("database", "queue", "disk", "uploads"), "ok")
    }  # fmt: skip
    monkeypatch.setattr(health, "_found", None)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=7_000_000))
    full = client.get("/readyz")
    assert (full.status_code, full.json["parts"]["disk"]) == (503, "7 MB are free")
    assert client.get("/readyz?part=database").status_code == 200
    assert client.get("/readyz?part=luck", headers={"Accept": "application/json"}).status_code == 422


def test_mails_that_nobody_sends_are_seen(environ, database: db.Database, waiting_mail) -> None:
    sending = settings_module.load(environ | {"LEADCAPTURE_SMTP_URL": "smtp://127.0.0.1:25?tls=none"})
    assert health.examine(sending)["queue"] == "ok"
    late = clock.now() - timedelta(minutes=12, seconds=5)
    database.write(lambda session: session.execute(update(Email).values(due_at=late)))
    assert health.examine(settings_module.load(environ))["queue"] == "ok", "where no mail server is set they stay"
    sending = settings_module.load(environ | {"LEADCAPTURE_SMTP_URL": "smtp://127.0.0.1:25?tls=none"})
    assert health.examine(sending)["queue"] == "mails wait for 12 minutes: do the jobs run?"


@pytest.fixture
def waiting_mail(database: db.Database, people: SimpleNamespace) -> None:
    """A mail in the outbox, due now."""
    mail = Email(
        public_id="eml_1", site_id=people.site.id, name="confirmation", language="en", to_email=ADDRESS, to_key=ADDRESS,
        from_email="hello@shop.example.org", subject="Hello", text="Hello", html="<p>Hello",
        message_id="<1@example.org>", created_at=clock.now(), due_at=clock.now(),
    )  # fmt: skip
    database.write(lambda session: session.add(mail))


def test_what_redis_joins_is_looked_at_together(
    environ: dict[str, str], tmp_path: Path, database: db.Database, redis_server: Redis
) -> None:
    def machine(name: str, **more: str) -> dict[str, str]:
        health._asking.cache_clear()
        own = {"LEADCAPTURE_INSTANCE": str(tmp_path / name), "LEADCAPTURE_REDIS_URL": redis_server.url}
        return health.examine(settings_module.load(environ | own | more))

    health._asking(redis_server.url).flushall()
    assert set(machine("one").values()) == {"ok"}
    other = machine("other")
    assert other["uploads"] == "another machine keeps uploads in another folder: share it"
    assert other["keys"] == other["redis"] == "ok"
    (tmp_path / "third").mkdir()
    (tmp_path / "third" / "uploads").symlink_to(tmp_path / "one" / "uploads")
    third = machine("third", LEADCAPTURE_SECRET_KEY="another key")
    assert third["uploads"] == "ok"
    assert third["keys"] == "another machine signs with another LEADCAPTURE_SECRET_KEY"
    away = machine("one", LEADCAPTURE_REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    assert away["redis"] == "ConnectionError"
    assert away["database"] == "ok"
