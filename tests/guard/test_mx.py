"""Whether a domain takes mail, asked of a real DNS server: only a clear no is one, and nobody waits long."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from leadcapture import db
from leadcapture import settings as settings_module
from leadcapture.errors import BadSetting
from leadcapture.forms import operations
from leadcapture.guard import mx
from leadcapture.sites import operations as sites
from tests.guard.nameserver import NameServer

ZONES = {
    "mx": {"mails.shop": "mail.mails.shop.", "nomail.shop": "."},
    "empty": frozenset({"web.shop"}),
    "broken": frozenset({"broken.shop"}),
}


@pytest.fixture
def use(tmp_path) -> Iterator[Callable[[NameServer], NameServer]]:
    """Has domains looked up at that server, with nothing known yet."""

    def configure(nameservers: str) -> None:
        environ = {"LEADCAPTURE_INSTANCE": str(tmp_path), "LEADCAPTURE_NAMESERVERS": nameservers}
        mx.configure(settings_module.load(environ))

    yield configure
    mx.configure(settings_module.load({"LEADCAPTURE_INSTANCE": str(tmp_path), "LEADCAPTURE_CHECK_MX": "no"}))


@pytest.mark.parametrize(
    ("domain", "answer"),
    [
        ("mails.shop", mx.TAKES_MAIL),
        ("nomail.shop", mx.NULL),
        ("no-such.shop", mx.MISSING),
        ("web.shop", mx.UNKNOWN),  # it is there, and may take mail at its own address (RFC 5321 5.1)
        ("broken.shop", mx.UNKNOWN),
    ],
)
def test_only_a_clear_no_is_one(use, domain, answer):
    with NameServer(**ZONES) as server:
        use(server.address)
        assert mx.look(domain) == answer
        asked = len(server.asked)
        assert mx.look(domain) == answer
        assert len(server.asked) == asked, "what is known is not asked again"


def test_the_dns_of_a_closed_network_refuses_nobody(use):
    with NameServer(**ZONES, closed=True) as server:
        use(server.address)
        assert mx.look("no-such.shop") == mx.UNKNOWN
        assert mx.look("nomail.shop") == mx.NULL, "what it does know counts"


@pytest.mark.parametrize("domain", ["example.com", "mail.example.org", "shop.test", "invalid", "a.localhost"])
def test_reserved_names_are_never_asked(use, domain):
    with NameServer(**ZONES) as server:
        use(server.address)
        assert mx.look(domain) == mx.UNKNOWN
        assert server.asked == []


def test_a_silent_server_costs_one_submission_a_moment_and_the_next_ones_nothing(use, monkeypatch):
    assert mx.LONGEST_WAIT <= 1.5
    monkeypatch.setattr(mx, "LONGEST_WAIT", 0.4)
    with NameServer(mute=True) as server:
        use(server.address)
        began = time.monotonic()
        assert mx.look("mails.shop") == mx.UNKNOWN
        first = time.monotonic() - began
        assert first < mx.LONGEST_WAIT + 0.3
        assert server.asked
        began = time.monotonic()
        assert {mx.look(f"mails{number}.shop") for number in range(50)} == {mx.UNKNOWN}
        assert time.monotonic() - began < 0.1


def test_a_server_that_answers_again_is_asked_again(use, monkeypatch):
    monkeypatch.setattr(mx, "PAUSE", 0.0)
    monkeypatch.setattr(mx, "LONGEST_WAIT", 0.2)
    with NameServer(mx=ZONES["mx"], silent=frozenset({"silent.shop"})) as server:
        use(server.address)
        assert mx.look("silent.shop") == mx.UNKNOWN
        assert mx.look("mails.shop") == mx.TAKES_MAIL
        assert mx.look("no-such.shop") == mx.MISSING


def test_no_server_at_all_refuses_nobody(use, monkeypatch):
    monkeypatch.setattr(mx, "LONGEST_WAIT", 0.2)
    use("127.0.0.1:9")  # nobody listens there
    assert mx.look("mails.shop") == mx.UNKNOWN


def test_other_greenlets_run_while_the_dns_is_silent():
    # As the service runs it: patched by gevent before anything else is imported.
    program = """
import gevent.monkey; gevent.monkey.patch_all()
import gevent, time
from leadcapture import settings
from leadcapture.guard import mx
mx.LONGEST_WAIT = 0.5
from tests.guard.nameserver import NameServer
with NameServer(mute=True) as server:
    mx.configure(settings.load({"LEADCAPTURE_NAMESERVERS": server.address, "LEADCAPTURE_SECRET_KEY": "x"}))
    beats = []
    heart = gevent.spawn(lambda: [(gevent.sleep(0.02), beats.append(time.monotonic())) for _ in range(20)])
    assert mx.look("mails.shop") == mx.UNKNOWN
    heart.join()
    print(max(later - earlier for earlier, later in zip(beats, beats[1:])))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 0.25


@pytest.mark.parametrize("text", ["dns.example.org", "127.0.0.1:0", "127.0.0.1:99999", "::1:x", "1.1.1.1,nowhere"])
def test_a_server_that_is_no_address_stops_the_start(use, text):
    with pytest.raises(BadSetting, match="LEADCAPTURE_NAMESERVERS"):
        use(text)


@pytest.mark.parametrize("text", ["", "1.1.1.1", "127.0.0.1:5353, [::1]:53", "2606:4700::1111"])
def test_servers_are_addresses_with_or_without_a_port(use, text):
    use(text)


# ---- through the door ------------------------------------------------------------------------------------------------


@pytest.fixture
def form(client, people, now) -> str:
    def make(session):
        made = operations.create(session, now, site_id=people.site.id, kind="subscription", slug="news", settings={})
        operations.publish(session, now, site_id=people.site.id, public_id=made.public_id)

    db.write(make)
    return f"/v1/{people.site.key}/forms/news"


def test_a_slip_is_told_at_the_field_and_everything_else_is_taken(client, form, use):
    def send(domain: str):
        return client.post(form, json={"email": f"erin@{domain}", "consent": "newsletter"})

    with NameServer(**ZONES) as server:
        use(server.address)
        told = {domain: send(domain).json["error"]["fields"]["email"][0] for domain in ("no-such.shop", "nomail.shop")}
        assert told == {
            "no-such.shop": "There is no no-such.shop. Look for a slip in the address.",
            "nomail.shop": "nomail.shop takes no e-mail. Use another address.",
        }
        taken = ("mails.shop", "web.shop", "broken.shop", "a.example.net")
        assert {send(domain).status_code for domain in taken} == {202}
        page = client.post(form.replace("/v1/", "/f/").replace("/forms", ""), data={"email": "erin@no-such.shop"})
        assert page.status_code == 422


def test_no_submission_is_lost_to_a_dns_that_is_silent(client, form, use, monkeypatch):
    monkeypatch.setattr(mx, "LONGEST_WAIT", 0.3)
    with NameServer(mute=True) as server:
        use(server.address)
        began = time.monotonic()
        for number in range(10):
            sent = client.post(form, json={"email": f"erin@mails{number}.shop", "consent": "newsletter"})
            assert sent.status_code == 202
        assert len(set(server.asked)) == 1, "one paid for all"
        assert time.monotonic() - began < 10 * mx.LONGEST_WAIT


def test_an_owner_may_do_without(client, form, people, now, use):
    db.write(sites.change_protection, now, site_id=people.site.id, check_mx=False)
    with NameServer(**ZONES) as server:
        use(server.address)
        sent = client.post(form, json={"email": "erin@no-such.shop", "consent": "newsletter"})
        assert (sent.status_code, server.asked) == (202, [])
