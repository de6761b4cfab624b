"""The demo shop's coupon in a real browser: a code in the panel that is still open, by mail, and at the checkout."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import HostSite, Watched, snippet
from tests.servers import Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("coupon")) as service:
        service.seed_demo()
        service.start()
        yield service


def confirm(service: Service, person: Callable[..., Watched], address: str, **options: object) -> Page:
    text = service.wait_for_email(address).get_body(("plain",)).get_content()
    page = person(**options).page()
    page.goto(re.search(rf"{re.escape(service.url)}/confirm/\S+", text).group())
    page.locator("form [type=submit]").click()
    return page


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
    host_site.strict(service.url)
    visitor = person()
    page = visitor.page()
    page.goto(host_site.put("/", snippet(service.url, service.demo["site_key"])))
    page.wait_for_function("() => window.leadcapture?.show")
    slug = service.demo["forms"]["coupon"]
    page.evaluate("slug => leadcapture.show(slug)", slug)
    form = page.locator(f"[data-lc=form][data-slug={slug}]")
    expect(form.locator("[name=consent][value=newsletter]")).not_to_be_checked()
    form.locator("[name=email]").fill("erin@example.net")
    page.screenshot(path=screenshots / "coupon-panel.png")
    form.locator("[data-lc=submit]").click()
    done = page.locator(f"[data-lc=done][data-slug={slug}]")
    expect(done).to_contain_text("erin@example.net")
    assert len(service.emails("erin@example.net")) <= 1, "no reward before the confirmation"

    confirm(service, person, "erin@example.net")
    expect(done).to_contain_text("Here is your code")
    code = re.search(r"\b[2-9B-Z]{5}-[2-9B-Z]{5}\b", done.inner_text()).group()
    page.screenshot(path=screenshots / "coupon-panel-done.png")
    assert code in service.wait_for_email("erin@example.net", 2).get_body(("plain",)).get_content()

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
    page.goto(f"{service.url}/f/{service.demo['site_key']}/{service.demo['forms']['coupon']}")
    page.screenshot(path=screenshots / "coupon-hosted.png", full_page=True)
    page.locator("[name=email]").fill("frida@example.net")
    page.locator("[data-lc=submit]").click()
    expect(page.locator("main")).to_contain_text("frida@example.net")
    confirmed = confirm(service, person, "frida@example.net", java_script_enabled=False)
    expect(confirmed.locator("main")).to_contain_text("Here is your code")
    confirmed.screenshot(path=screenshots / "coupon-hosted-done.png", full_page=True)
    code = re.search(r"\b[2-9B-Z]{5}-[2-9B-Z]{5}\b", confirmed.locator("main").inner_text()).group()
    assert code in service.wait_for_email("frida@example.net", 2).get_body(("plain",)).get_content()
    assert visitor.complaints == []
