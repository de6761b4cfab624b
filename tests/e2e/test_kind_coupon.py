"""The demo shop's coupon in a real browser: a code in the panel that is still open, by mail, and at the checkout."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import HostSite, Watched, confirm, hosted, mail_text, send, send_without_scripts, show_in_panel
from tests.servers import Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("coupon")) as service:
        service.seed_demo()
        service.start()
        yield service


def redeem(service: Service, code: str, order: str) -> dict[str, Any]:
    """As the shop's checkout does it, with the demo's token."""
    request = urllib.request.Request(
        f"{service.url}/api/v1/coupons/redeem",
        json.dumps({"code": code, "order": order, "amount": 4999, "currency": "EUR"}).encode(),
        {"Authorization": f"Bearer {service.demo['api_token']}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        said: dict[str, Any] = json.load(answer)
    return said


def test_the_code_comes_into_the_open_panel_by_mail_and_works_at_the_checkout(
    service: Service, host_site: HostSite, person: Callable[..., Watched], screenshots: Path
) -> None:
    visitor = person()
    page = visitor.page()
    form, done = show_in_panel(page, service, host_site, "coupon")
    expect(form.locator("[name=consent][value=newsletter]")).not_to_be_checked()
    form.locator("[name=email]").fill("erin@example.net")
    page.screenshot(path=screenshots / "coupon-panel.png")
    send(form, done, "erin@example.net")
    assert len(service.emails("erin@example.net")) <= 1, "no reward before the confirmation"

    confirm(person().page(), service, "erin@example.net")
    expect(done).to_contain_text("Here is your code")
    code = re.search(r"\b[2-9B-Z]{5}-[2-9B-Z]{5}\b", done.inner_text()).group()
    page.screenshot(path=screenshots / "coupon-panel-done.png")
    assert code in mail_text(service, "erin@example.net", 2)

    said = redeem(service, code, "order 1")
    assert said["redeemed"] is True
    assert said["off"] == {"minor": 500, "currency": "EUR"}
    assert "erin@example.net" in service.run("contacts", "export", "--site", service.demo["site_key"]).stdout
    assert visitor.complaints == []


def test_the_hosted_page_gives_a_code_without_javascript(
    service: Service, person: Callable[..., Watched], screenshots: Path
) -> None:
    visitor = person(java_script_enabled=False)
    page = visitor.page()
    page.goto(hosted(service, "coupon"))
    page.screenshot(path=screenshots / "coupon-hosted.png", full_page=True)
    send_without_scripts(page, service, "frida@example.net")
    expect(page.locator("main")).to_contain_text("Here is your code")
    page.screenshot(path=screenshots / "coupon-hosted-done.png", full_page=True)
    code = re.search(r"\b[2-9B-Z]{5}-[2-9B-Z]{5}\b", page.locator("main").inner_text()).group()
    assert code in mail_text(service, "frida@example.net", 2)
    assert visitor.complaints == []
