"""Which addresses a site takes, who counts as one, and how fast is too fast."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from leadcapture import addresses, networks, signing
from leadcapture.errors import Invalid
from leadcapture.guard import disposable, door, opened
from leadcapture.sites.models import Site


def key(text: str) -> str:
    return addresses.parse(text).key


@pytest.mark.parametrize(
    ("entry", "address", "named"),
    [
        ("rival.net", "erin@rival.net", True),
        ("RIVAL.net", "Erin@Rival.NET", True),
        ("rival.net", "erin@mail.rival.net", False),
        ("*.rival.net", "erin@mail.rival.net", True),
        ("*.rival.net", "erin@rival.net", False),
        ("*.rival.net", "erin@arrival.net", False),
        ("erin@rival.net", "erin@rival.net", True),
        ("erin@rival.net", "bob@rival.net", False),
        ("bücher.net", "erin@xn--bcher-kva.net", True),
        ("*.xn--bcher-kva.net", "erin@laden.bücher.net", True),
    ],
)
def test_an_owner_names_domains_all_below_one_and_single_addresses(entry, address, named):
    assert disposable.names([entry], key(address)) is named


@given(st.text(max_size=40))
@hypothesis_settings(max_examples=60)
def test_no_entry_breaks_the_door(entry):
    assert disposable.names([entry], "erin@example.org") in (True, False)
    assert disposable.names([f"{entry}.org", f"*.{entry}"], "erin@a.example.org") in (True, False)


def test_domains_that_live_for_minutes_are_known_with_what_is_below_them():
    assert disposable.is_disposable("erin@mailinator.com")
    assert disposable.is_disposable("erin@some.mailinator.com")
    assert not disposable.is_disposable("erin@mailinator.shop.example.org")
    assert not disposable.is_disposable("erin@example.org")
    assert not disposable.is_disposable("erin@gmail.com")


@pytest.fixture
def site(settings) -> Site:
    signing.configure(settings.secret_keys)
    return Site(name="Demo shop", protection=None)


def test_a_disposable_address_is_refused_unless_the_owner_says_otherwise(site):
    erin = addresses.parse("erin@mailinator.com")
    with pytest.raises(Invalid) as refused:
        door.check_address(site, erin)
    assert refused.value.fields == {
        "email": ["Addresses at mailinator.com live for a short time only. Use one you will keep."]
    }
    site.protection = {"disposable": "hold"}
    assert door.check_address(site, erin) is True
    site.protection = {"disposable": "allow"}
    assert door.check_address(site, erin) is False
    site.protection = {"allowed": ["mailinator.com"]}
    assert door.check_address(site, erin) is False


def test_what_is_allowed_is_allowed_whatever_else_is_said(site):
    site.protection = {"blocked": ["rival.net"], "allowed": ["erin@rival.net"]}
    assert door.check_address(site, addresses.parse("erin@rival.net")) is False
    with pytest.raises(Invalid, match="marked"):
        door.check_address(site, addresses.parse("bob@rival.net"))


@pytest.mark.parametrize(
    ("ip", "address", "network"),
    [
        ("192.0.2.77", "192.0.2.77/32", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.77/32", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/48"),
        ("unix:", "unix:", "unix:"),
        ("", "", ""),
    ],
)
def test_a_household_counts_as_one(ip, address, network):
    assert (networks.address(ip), networks.network(ip)) == (address, network)


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
@hypothesis_settings(max_examples=40)
def test_no_address_of_one_s_64_counts_for_itself(ip, host):
    neighbour = type(ip)(int(ip) >> 64 << 64 | host)
    if not (ip.ipv4_mapped or neighbour.ipv4_mapped):
        assert networks.address(str(ip)) == networks.address(str(neighbour))


def test_the_mark_of_when_a_form_was_opened_is_ours_alone(site, now):
    mark = opened.sign(now, "frm_a")
    assert opened.at("frm_a", mark) == now
    for other in (None, "", "x", mark + "x", opened.sign(now, "frm_b"), signing.sign("confirm", "frm_a.1")):
        assert opened.at("frm_a", other) is None
    assert opened.fast(now + timedelta(seconds=1), now, 2)
    assert not opened.fast(now + timedelta(seconds=2), now, 2)
    assert not opened.fast(now, None, 2)
    assert not opened.fast(now, now, 0)


def test_what_is_noted_is_noted_and_refuses_nobody(site, now):
    erin = addresses.parse("erin@example.org")
    assert door.check(site, now, erin, opened_at=now, proven=False) == (door.FAST, door.UNPROVEN)
    assert door.check(site, now, erin, opened_at=now - timedelta(minutes=1), proven=True) == ()
    site.protection = {"disposable": "hold", "min_seconds": 0}
    erin = addresses.parse("erin@mailinator.com")
    assert door.check(site, now, erin, opened_at=now, proven=True) == (door.DISPOSABLE,)
