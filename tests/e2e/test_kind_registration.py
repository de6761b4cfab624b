"""The demo's club in a real browser: from the panel to the member page to the shop that checks the proof."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import (
    HostSite,
    Watched,
    confirm,
    contact_status,
    hosted,
    mailed_link,
    send,
    send_without_scripts,
    show_in_panel,
)
from tests.servers import Service

MEMBER_PAGE = r"f/\S+/member/\S+"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("registration")) as service:
        service.seed_demo()
        service.start()
        yield service


def checked(service: Service, proof: str) -> dict[str, object]:
    """What the shop's program is told of a proof."""
    request = urllib.request.Request(
        f"{service.url}/api/v1/members/check?token={proof}",
        headers={"Authorization": f"Bearer {service.demo['api_token']}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return dict(json.load(answer))


def test_a_visitor_becomes_a_member_and_the_shop_knows_it(
    service: Service, host_site: HostSite, person: Callable[..., Watched], screenshots: Path
) -> None:
    visitor = person()
    page = visitor.page()
    form, done = show_in_panel(page, service, host_site, "registration")
    form.locator("[name=name]").fill("Erin")
    form.locator("[name=email]").fill("erin@example.net")
    page.screenshot(path=screenshots / "registration-panel.png")
    send(form, done, "erin@example.net")
    expect(done).not_to_contain_text("member page")
    confirm(person().page(), service, "erin@example.net")
    expect(done).to_contain_text("You are a member")
    page.screenshot(path=screenshots / "registration-panel-done.png")

    member = person()
    page = member.page()
    page.goto(mailed_link(service, "erin@example.net", MEMBER_PAGE, 2))
    expect(page.locator("[data-lc=perk]")).to_have_count(2)
    expect(page.locator("main")).to_contain_text("CLUB10")
    home = page.locator("[data-lc=link]").get_attribute("href") or ""
    (proof,) = parse_qs(urlsplit(home).query)["leadcapture_member"]
    answer = checked(service, proof)
    assert (answer["member"], answer["name"], answer["form"]) == (True, "Erin", service.demo["forms"]["registration"])
    assert contact_status(service, "erin@example.net") == "confirmed"
    page.screenshot(path=screenshots / "registration-member.png", full_page=True)
    page.locator("summary").click()
    page.locator("[data-lc=leave]").click()
    expect(page.locator("main h1")).to_have_text("Your membership has ended")
    assert checked(service, proof) == {"member": False, "reason": "ended"}
    assert contact_status(service, "erin@example.net") == "unsubscribed"
    assert [said for said in (*visitor.complaints, *member.complaints) if "410" not in said] == []


def test_a_member_is_made_on_the_hosted_page_without_javascript(
    service: Service, person: Callable[..., Watched], screenshots: Path
) -> None:
    visitor = person(java_script_enabled=False)
    page = visitor.page()
    page.goto(hosted(service, "registration"))
    page.screenshot(path=screenshots / "registration-hosted.png", full_page=True)
    send_without_scripts(page, service, "frida@example.net")
    page.locator("[data-lc=link]").click()
    expect(page.locator("main")).to_contain_text("CLUB10")
    mine = page.url

    page.goto(hosted(service, "registration"))
    page.get_by_role("link", name="Already a member?").click()
    page.locator("[name=email]").fill("frida@example.net")
    page.locator("form [type=submit]").click()
    expect(page.locator("main")).to_contain_text("is on its way there")
    assert mailed_link(service, "frida@example.net", MEMBER_PAGE, 3) == mine
    assert visitor.complaints == []
