"""Who comes too often is told when to come back and loses nothing; the official ALTCHA widget gets through the door."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import HostSite, Watched, hosted, show_in_panel
from tests.forms.conftest import pack, solve
from tests.servers import Service

OFFICIAL = Path(__file__).parents[2] / "widget/node_modules/altcha/dist/main/altcha.umd.min.cjs"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A demo shop that takes one submission in five seconds."""
    folder = tmp_path_factory.mktemp("strict") / "service"
    with Service(folder, RATE_FORM="1/5 seconds", RATE_FORM_PLAIN="1/5 seconds") as service:
        service.seed_demo()
        service.start()
        yield service


def form_url(service: Service) -> str:
    return f"{service.url}/v1/{service.demo['site_key']}/forms/{service.demo['forms']['subscription']}"


def described(service: Service) -> Any:
    return json.load(urllib.request.urlopen(form_url(service)))


def post(service: Service, address: str, **more: str) -> int:
    """Send the form as a program does; the status."""
    body = urlencode({"email": address, "consent": "on", **more}).encode()
    return urllib.request.urlopen(form_url(service), data=body).status


def test_the_widget_keeps_what_was_typed_and_says_when_to_send_it(
    strict: Service, host_site: HostSite, person: Callable[..., Watched]
) -> None:
    form, done = show_in_panel(person().page(), strict, host_site, "subscription")
    form.locator("[name=email]").fill("patient@example.net")
    form.locator("[name=consent]").check()
    assert post(strict, "first@example.net", altcha=pack(solve(described(strict)["challenge"]))) == 202
    form.locator("[data-lc=submit]").click()
    problem = form.locator(".problem")
    expect(problem).to_contain_text("Try again in")
    expect(problem).to_contain_text("second")
    expect(form.locator("[name=email]")).to_have_value("patient@example.net")
    expect(form.locator("[name=consent]")).to_be_checked()
    expect(problem).to_contain_text("You can send it now")
    form.locator("[data-lc=submit]").click()
    expect(done).to_contain_text("patient@example.net")


def test_a_page_of_its_own_keeps_what_was_typed_and_says_when_to_send_it(
    strict: Service, person: Callable[..., Watched]
) -> None:
    page = person().page()
    page.goto(hosted(strict, "subscription"))
    page.fill("[name=email]", "patient-too@example.net")
    page.locator("[name=consent]").first.check()
    assert post(strict, "second@example.net") == 202
    with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
        page.locator("[data-lc=submit]").click()
    assert answered.value.status == 429
    wait = int(answered.value.headers["retry-after"])
    assert 1 <= wait <= 5
    notice = page.locator("[role=alert]").first
    expect(notice).to_contain_text(f"Try again in {wait} second")
    expect(page.locator("[name=email]")).to_have_value("patient-too@example.net")
    expect(page.locator("[name=consent]").first).to_be_checked()
    expect(notice).to_contain_text("You can send it now")
    page.locator("[data-lc=submit]").click()
    expect(page.locator("main")).to_contain_text("patient-too@example.net")


@pytest.mark.skipif(not OFFICIAL.exists(), reason="NO WIDGET/NODE_MODULES: the official ALTCHA widget is not there")
def test_the_official_altcha_widget_solves_what_the_service_asks(
    shop: Service, host_site: HostSite, person: Callable[..., Watched]
) -> None:
    visitor = person()
    page = visitor.page()
    page.goto(host_site.put("/", ""))
    page.add_script_tag(path=OFFICIAL)
    page.evaluate(
        """challenge => {
            const widget = document.createElement("altcha-widget");
            widget.setAttribute("challenge", challenge);
            widget.setAttribute("auto", "onload");
            document.body.append(Object.assign(document.createElement("form"), {}));
            document.forms[0].append(widget);
        }""",
        json.dumps(described(shop)["challenge"]),
    )
    field = page.locator("input[name=altcha]")
    expect(field).not_to_have_value("")
    assert post(shop, "official@example.net", altcha=field.input_value()) == 202
    assert visitor.complaints == []
